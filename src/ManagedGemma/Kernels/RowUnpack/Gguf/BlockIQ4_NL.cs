using ManagedGemma.Checkpoints.Gguf;

namespace ManagedGemma.Kernels.RowUnpack.Gguf;

/// <summary>32 weights: a half scale, then nibbles as in Q4_0 that choose among <see cref="GgufRowUnpack.UnevenValues"/>; w = d · v.</summary>
internal readonly unsafe struct BlockIQ4_NL : IGgufBlock
{
    public static GgufType Type => GgufType.IQ4_NL;

    public static void Unpack(byte* block, Span<float> values)
    {
        float scale = GgufRowUnpack.Half(block);
        byte* nibbles = block + 2;
        ReadOnlySpan<sbyte> uneven = GgufRowUnpack.UnevenValues;
        for (int i = 0; i < 16; i++)
        {
            values[i] = scale * uneven[nibbles[i] & 15];
            values[i + 16] = scale * uneven[nibbles[i] >> 4];
        }
    }
}
