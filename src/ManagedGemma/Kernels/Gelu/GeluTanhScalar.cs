namespace ManagedGemma.Kernels.Gelu;

/// <summary>The reference of the tanh approximation, in double: x/2 · (1 + tanh(√(2/π) · (x + 0.044715·x³))).</summary>
internal sealed class GeluTanhScalar : IGatedGelu
{
    private static readonly double SqrtTwoOverPi = Math.Sqrt(2 / Math.PI);

    public void Multiply(ReadOnlySpan<float> gate, ReadOnlySpan<float> up, Span<float> y)
    {
        for (int i = 0; i < gate.Length; i++)
        {
            double x = gate[i];
            y[i] = (float)(0.5 * x * (1 + Math.Tanh(SqrtTwoOverPi * (x + (0.044715 * x * x * x)))) * up[i]);
        }
    }
}
