namespace ManagedGemma.Kernels.Softmax;

/// <summary>The reference: exponentials and their sum in double.</summary>
internal sealed class SoftmaxScalar : ISoftmax
{
    public void Apply(Span<float> row, float scale)
    {
        float maximum = float.NegativeInfinity;
        foreach (float score in row)
        {
            maximum = MathF.Max(maximum, score);
        }

        double sum = 0;
        foreach (float score in row)
        {
            sum += Math.Exp(scale * ((double)score - maximum));
        }

        for (int i = 0; i < row.Length; i++)
        {
            row[i] = (float)(Math.Exp(scale * ((double)row[i] - maximum)) / sum);
        }
    }
}
