namespace ManagedGemma.Kernels.RmsNorm;

/// <summary>
/// Root-mean-square normalisation of one row (Zhang and Sennrich 2019): y = x · w / sqrt(mean(x²) + eps), in float32.
/// Gemma stores w without its 1; the caller has added it.
/// </summary>
internal interface IRmsNorm
{
    /// <summary>Normalises a row.</summary>
    /// <param name="x">The row.</param>
    /// <param name="weight">As long as the row; or empty, which stands for ones.</param>
    /// <param name="epsilon">Added to the mean of the squares.</param>
    /// <param name="y">As long as the row; may be the row itself. NaN anywhere in the row makes all of it NaN.</param>
    void Normalize(ReadOnlySpan<float> x, ReadOnlySpan<float> weight, float epsilon, Span<float> y);
}
