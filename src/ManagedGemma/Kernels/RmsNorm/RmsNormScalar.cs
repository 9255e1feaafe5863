namespace ManagedGemma.Kernels.RmsNorm;

/// <summary>The reference: the sum of squares in double.</summary>
internal sealed class RmsNormScalar : IRmsNorm
{
    public void Normalize(ReadOnlySpan<float> x, ReadOnlySpan<float> weight, float epsilon, Span<float> y)
    {
        double squares = 0;
        foreach (float value in x)
        {
            squares += (double)value * value;
        }

        float scale = (float)(1 / Math.Sqrt((squares / x.Length) + epsilon));
        for (int i = 0; i < x.Length; i++)
        {
            y[i] = x[i] * scale * (weight.IsEmpty ? 1 : weight[i]);
        }
    }
}
