namespace ManagedGemma.Bench;

/// <summary>The middle of some values.</summary>
internal static class Median
{
    /// <summary>The upper one of the two in the middle where their number is even.</summary>
    public static double Of(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return sorted[sorted.Length / 2];
    }
}
