using System.Diagnostics;
using System.Globalization;

namespace ManagedGemma.Cli.Hosting;

/// <summary>Memory of this process.</summary>
/// <param name="Peak">The most that was resident, mapped weights included.</param>
/// <param name="Private">What is resident now without mapped files; null where the system does not tell.</param>
internal readonly record struct MemoryUse(long Peak, long? Private)
{
    /// <summary>Measures.</summary>
    public static MemoryUse Now()
    {
        try
        {
            if (OperatingSystem.IsLinux())
            {
                string[] lines = File.ReadAllLines("/proc/self/status");
                if (Kilobytes(lines, "VmHWM:") is { } peak)
                {
                    return new MemoryUse(peak * 1024, Kilobytes(lines, "RssAnon:") * 1024);
                }
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // A container may hide it; .NET's own count follows.
        }

        using Process process = Process.GetCurrentProcess();
        return new MemoryUse(process.PeakWorkingSet64, null);
    }

    private static long? Kilobytes(string[] lines, string key)
    {
        string? line = Array.Find(lines, x => x.StartsWith(key, StringComparison.Ordinal));
        string[] words = line?.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries) ?? [];
        return words.Length > 1 && long.TryParse(words[1], NumberStyles.None, CultureInfo.InvariantCulture, out long value) ? value : null;
    }
}
