using System.Globalization;

namespace ManagedGemma.Cli.Terminal;

/// <summary>Numbers as people read them.</summary>
internal static class Amount
{
    private static readonly string[] Units = ["B", "KiB", "MiB", "GiB", "TiB"];

    /// <summary>Three digits and a unit: <c>6.61 GiB</c>.</summary>
    public static string Bytes(long bytes)
    {
        double value = bytes;
        int unit = 0;
        while (value >= 1000 && unit < Units.Length - 1)
        {
            value /= 1024;
            unit++;
        }

        string format = unit == 0 || value >= 100 ? "0" : value >= 10 ? "0.0" : "0.00";
        return $"{value.ToString(format, CultureInfo.InvariantCulture)} {Units[unit]}";
    }

    /// <summary>Seconds with a sensible number of digits: <c>0.012 s</c>, <c>1.23 s</c>, <c>123 s</c>.</summary>
    public static string Seconds(double seconds)
    {
        string format = seconds >= 100 ? "0" : seconds >= 10 ? "0.0" : seconds >= 1 ? "0.00" : "0.000";
        return seconds.ToString(format, CultureInfo.InvariantCulture) + " s";
    }

    /// <summary>A count with thin grouping: <c>12,187,000</c>.</summary>
    public static string Count(long count) => count.ToString("N0", CultureInfo.InvariantCulture);

    /// <summary>The most memory that was used, and what of it was not the mapped weights, where the system tells.</summary>
    public static string Memory(long peak, long? alone) =>
        alone is { } bytes ? $"{Bytes(peak)} at most, {Bytes(bytes)} without the mapped weights" : $"{Bytes(peak)} at most";

    /// <summary>A rate: three digits.</summary>
    public static string Rate(double rate) => rate.ToString(rate >= 100 ? "0" : rate >= 10 ? "0.0" : "0.00", CultureInfo.InvariantCulture);

    /// <summary>Time that is left, in whole seconds: <c>1:05 left</c>, <c>2:00:00 left</c>.</summary>
    public static string TimeLeft(double seconds) => Duration(seconds) + " left";

    /// <summary>A time in whole seconds, as clocks show it: <c>1:05</c>, <c>2:00:00</c>.</summary>
    public static string Duration(double seconds)
    {
        TimeSpan left = TimeSpan.FromSeconds(Math.Ceiling(Math.Clamp(seconds, 0, TimeSpan.MaxValue.TotalSeconds / 2)));
        return left.TotalHours >= 1
            ? string.Create(CultureInfo.InvariantCulture, $"{(long)left.TotalHours}:{left:mm\\:ss}")
            : string.Create(CultureInfo.InvariantCulture, $"{left.Minutes}:{left:ss}");
    }
}
