using ManagedGemma.Checkpoints.Gguf;

namespace ManagedGemma.Kernels.RowUnpack.Gguf;

/// <summary>32 weights: a half scale, 32 fifth bits, then nibbles as in Q4_0; w = d · (q − 16).</summary>
internal readonly unsafe struct BlockQ5_0 : IGgufBlock
{
    public static GgufType Type => GgufType.Q5_0;

    public static void Unpack(byte* block, Span<float> values)
    {
        float scale = GgufRowUnpack.Half(block);
        uint high = (uint)(GgufRowUnpack.Word(block + 2) | (GgufRowUnpack.Word(block + 4) << 16));
        byte* nibbles = block + 6;
        for (int i = 0; i < 16; i++)
        {
            values[i] = scale * (((nibbles[i] & 15) | (int)((high >> i) & 1) << 4) - 16);
            values[i + 16] = scale * (((nibbles[i] >> 4) | (int)((high >> (i + 16)) & 1) << 4) - 16);
        }
    }
}
