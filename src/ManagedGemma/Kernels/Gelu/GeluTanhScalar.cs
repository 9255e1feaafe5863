namespace ManagedGemma.Kernels.Gelu;

/// <summary>
/// The reference of the tanh approximation, in double: x/2 · (1 + tanh(u)), u = √(2/π) · (x + 0.044715·x³), with
/// (1 + tanh(u))/2 written as 1/(1 + exp(−2u)), which keeps its digits where the tanh is near −1.
/// </summary>
internal sealed class GeluTanhScalar : IGatedGelu
{
    private static readonly double SqrtTwoOverPi = Math.Sqrt(2 / Math.PI);

    public void Multiply(ReadOnlySpan<float> gate, ReadOnlySpan<float> up, Span<float> y)
    {
        for (int i = 0; i < gate.Length; i++)
        {
            double x = gate[i];
            double u = SqrtTwoOverPi * (x + (0.044715 * x * x * x));
            y[i] = (float)(x / (1 + Math.Exp(-2 * u)) * up[i]);
        }
    }
}
