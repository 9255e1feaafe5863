namespace ManagedGemma.Kernels.Rope;

/// <summary>The reference.</summary>
internal sealed class RopeScalar : IRope
{
    public void Rotate(Span<float> head, ReadOnlySpan<float> cos, ReadOnlySpan<float> sin)
    {
        int half = cos.Length;
        for (int i = 0; i < half; i++)
        {
            float a = head[i], b = head[i + half];
            head[i] = (a * cos[i]) - (b * sin[i]);
            head[i + half] = (b * cos[i]) + (a * sin[i]);
        }
    }
}
