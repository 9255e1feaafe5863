namespace ManagedGemma.Kernels.RangeNorm;

/// <summary>What a row spans.</summary>
/// <param name="Minimum">Its least value; undefined where a value is NaN.</param>
/// <param name="Maximum">Its greatest value; undefined where a value is NaN.</param>
/// <param name="Sum">Its sum; NaN where a value is NaN.</param>
internal readonly record struct RowRange(float Minimum, float Maximum, double Sum)
{
    /// <summary>The range of two rows together.</summary>
    public RowRange With(RowRange other) =>
        new(Math.Min(Minimum, other.Minimum), Math.Max(Maximum, other.Maximum), Sum + other.Sum);
}
