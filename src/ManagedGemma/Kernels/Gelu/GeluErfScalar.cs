namespace ManagedGemma.Kernels.Gelu;

/// <summary>The reference of the exact GELU, in double: x/2 · (1 + erf(x/√2)).</summary>
internal sealed class GeluErfScalar : IGatedGelu
{
    public void Multiply(ReadOnlySpan<float> gate, ReadOnlySpan<float> up, Span<float> y)
    {
        for (int i = 0; i < gate.Length; i++)
        {
            double x = gate[i];
            double half = 0.5 * Erfc(Math.Abs(x) / Math.Sqrt(2));
            y[i] = (float)(x * (x < 0 ? half : 1 - half) * up[i]);
        }
    }

    /// <summary>1 − erf(x) for x ≥ 0: Maclaurin's series (DLMF 7.6.1) below 2, Laplace's continued fraction (7.9.1) above.</summary>
    internal static double Erfc(double x)
    {
        if (double.IsNaN(x))
        {
            return x;
        }

        if (x < 2)
        {
            double power = x, sum = x;
            for (int n = 1; n < 60; n++)
            {
                power *= -x * x / n;
                sum += power / ((2 * n) + 1);
            }

            return 1 - (2 / Math.Sqrt(Math.PI) * sum);
        }

        if (x > 30)
        {
            return 0; // below the smallest double
        }

        double fraction = x;
        for (int n = 200; n >= 1; n--)
        {
            fraction = x + (n / 2.0 / fraction);
        }

        return Math.Exp(-x * x) / (Math.Sqrt(Math.PI) * fraction);
    }
}
