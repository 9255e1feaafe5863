namespace ManagedGemma.Kernels.FloatDot;

/// <summary>The reference.</summary>
internal sealed unsafe class FloatDotScalar : IFloatDot
{
    public float Dot(float* w, float* x, int columns)
    {
        Span<float> sums = stackalloc float[IFloatDot.Sums];
        int padded = (columns + IFloatDot.Sums - 1) / IFloatDot.Sums * IFloatDot.Sums;
        for (int k = 0; k < padded; k++)
        {
            ref float sum = ref sums[k % IFloatDot.Sums];
            sum = k < columns ? MathF.FusedMultiplyAdd(w[k], x[k], sum) : MathF.FusedMultiplyAdd(0, 0, sum);
        }

        for (int half = IFloatDot.Sums / 2; half > 0; half /= 2)
        {
            for (int i = 0; i < half; i++)
            {
                sums[i] += sums[i + half];
            }
        }

        return sums[0];
    }
}
