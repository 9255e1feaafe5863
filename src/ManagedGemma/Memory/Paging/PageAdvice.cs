namespace ManagedGemma.Memory.Paging;

/// <summary>Chooses the advice for this system. Calls of the system's own functions are made in this folder and nowhere else.</summary>
internal static class PageAdvice
{
    /// <summary>This system's.</summary>
    public static IPageAdvice Current { get; } = ForSystem();

    private static IPageAdvice ForSystem() =>
        OperatingSystem.IsLinux() || OperatingSystem.IsAndroid() ? new GuardedPageAdvice(new LinuxPageAdvice())
        : OperatingSystem.IsMacOS() ? new GuardedPageAdvice(new MacPageAdvice())
        : OperatingSystem.IsWindows() ? new GuardedPageAdvice(new WindowsPageAdvice())
        : new NoPageAdvice();
}
