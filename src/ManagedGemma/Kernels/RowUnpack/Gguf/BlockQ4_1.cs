using ManagedGemma.Checkpoints.Gguf;

namespace ManagedGemma.Kernels.RowUnpack.Gguf;

/// <summary>32 weights: a half scale and a half minimum, then nibbles as in Q4_0; w = d · q + m.</summary>
internal readonly unsafe struct BlockQ4_1 : IGgufBlock
{
    public static GgufType Type => GgufType.Q4_1;

    public static void Unpack(byte* block, Span<float> values)
    {
        float scale = GgufRowUnpack.Half(block), minimum = GgufRowUnpack.Half(block + 2);
        byte* nibbles = block + 4;
        for (int i = 0; i < 16; i++)
        {
            values[i] = (scale * (nibbles[i] & 15)) + minimum;
            values[i + 16] = (scale * (nibbles[i] >> 4)) + minimum;
        }
    }
}
