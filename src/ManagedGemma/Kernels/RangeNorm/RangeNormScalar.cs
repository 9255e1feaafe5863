namespace ManagedGemma.Kernels.RangeNorm;

/// <summary>The reference: the sum in double.</summary>
internal sealed class RangeNormScalar : IRangeNorm
{
    public RowRange Measure(ReadOnlySpan<float> row)
    {
        float minimum = row[0], maximum = row[0];
        double sum = 0;
        foreach (float value in row)
        {
            minimum = Math.Min(minimum, value);
            maximum = Math.Max(maximum, value);
            sum += value;
        }

        return new RowRange(minimum, maximum, sum);
    }

    public void Apply(ReadOnlySpan<float> x, float mean, float scale, Span<float> y)
    {
        for (int i = 0; i < x.Length; i++)
        {
            y[i] = (x[i] - mean) * scale;
        }
    }
}
