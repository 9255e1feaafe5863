namespace ManagedGemma.Memory.Paging;

/// <summary>Chooses the advice for this system.</summary>
internal static class PageAdvice
{
    /// <summary>This system's.</summary>
    public static IPageAdvice Current { get; } = ForSystem();

    private static IPageAdvice ForSystem() =>
        OperatingSystem.IsLinux() || OperatingSystem.IsAndroid() ? new LinuxPageAdvice()
        : OperatingSystem.IsMacOS() ? new MacPageAdvice()
        : OperatingSystem.IsWindows() ? new WindowsPageAdvice()
        : new NoPageAdvice();
}
