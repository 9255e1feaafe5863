using ManagedGemma.Checkpoints.Gguf;

namespace ManagedGemma.Kernels.RowUnpack.Gguf;

/// <summary>32 weights: a half scale, then signed bytes; w = d · q.</summary>
internal readonly unsafe struct BlockQ8_0 : IGgufBlock
{
    public static GgufType Type => GgufType.Q8_0;

    public static void Unpack(byte* block, Span<float> values)
    {
        float scale = GgufRowUnpack.Half(block);
        sbyte* bytes = (sbyte*)(block + 2);
        for (int i = 0; i < 32; i++)
        {
            values[i] = scale * bytes[i];
        }
    }
}
