namespace ManagedGemma.Bench;

/// <summary>What the process holds beside mapped files.</summary>
internal static class ProcessMemory
{
    /// <summary>Anonymous resident memory in MB; 0 where the system does not tell.</summary>
    public static double PrivateMegabytes()
    {
        const string Status = "/proc/self/status";
        if (!File.Exists(Status))
        {
            return 0;
        }

        string? line = File.ReadLines(Status).FirstOrDefault(line => line.StartsWith("RssAnon:", StringComparison.Ordinal));
        return line is null ? 0 : Math.Round(long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], System.Globalization.CultureInfo.InvariantCulture) / 1024.0, 1);
    }
}
