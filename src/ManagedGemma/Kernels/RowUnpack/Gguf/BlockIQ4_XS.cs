using ManagedGemma.Checkpoints.Gguf;

namespace ManagedGemma.Kernels.RowUnpack.Gguf;

/// <summary>256 weights: a half scale, 6-bit scales for 32 weights each (two bits of all in a word, then nibbles), and nibbles as in IQ4_NL.
/// w = (d · (s − 32)) · v.</summary>
internal readonly unsafe struct BlockIQ4_XS : IGgufBlock
{
    public static GgufType Type => GgufType.IQ4_XS;

    public static void Unpack(byte* block, Span<float> values)
    {
        float scale = GgufRowUnpack.Half(block);
        int high = GgufRowUnpack.Word(block + 2);
        ReadOnlySpan<sbyte> uneven = GgufRowUnpack.UnevenValues;
        for (int group = 0; group < 8; group++)
        {
            int low = (block[4 + (group / 2)] >> (group % 2 * 4)) & 15;
            float groupScale = scale * ((low | (((high >> (2 * group)) & 3) << 4)) - 32);
            byte* nibbles = block + 8 + (group * 16);
            Span<float> to = values.Slice(group * 32, 32);
            for (int i = 0; i < 16; i++)
            {
                to[i] = groupScale * uneven[nibbles[i] & 15];
                to[i + 16] = groupScale * uneven[nibbles[i] >> 4];
            }
        }
    }
}
