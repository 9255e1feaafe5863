using ManagedGemma.Checkpoints.Gguf;

namespace ManagedGemma.Kernels.RowUnpack.Gguf;

/// <summary>32 weights: a half scale, then 16 bytes whose low nibbles are the first 16 weights; w = d · (q − 8).</summary>
internal readonly unsafe struct BlockQ4_0 : IGgufBlock
{
    public static GgufType Type => GgufType.Q4_0;

    public static void Unpack(byte* block, Span<float> values)
    {
        float scale = GgufRowUnpack.Half(block);
        byte* nibbles = block + 2;
        for (int i = 0; i < 16; i++)
        {
            values[i] = scale * ((nibbles[i] & 15) - 8);
            values[i + 16] = scale * ((nibbles[i] >> 4) - 8);
        }
    }
}
