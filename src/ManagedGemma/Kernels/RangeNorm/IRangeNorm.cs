namespace ManagedGemma.Kernels.RangeNorm;

/// <summary>The two halves of a normalisation by mean and range: what rows span, and y = (x − mean) · scale.</summary>
internal interface IRangeNorm
{
    /// <summary>Measures a row of at least one element.</summary>
    RowRange Measure(ReadOnlySpan<float> row);

    /// <summary>Shifts and scales a row.</summary>
    /// <param name="x">The row.</param>
    /// <param name="mean">Subtracted.</param>
    /// <param name="scale">The factor on the difference.</param>
    /// <param name="y">As long as the row; may be the row itself.</param>
    void Apply(ReadOnlySpan<float> x, float mean, float scale, Span<float> y);
}
