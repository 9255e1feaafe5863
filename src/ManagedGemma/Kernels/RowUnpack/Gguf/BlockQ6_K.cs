using ManagedGemma.Checkpoints.Gguf;

namespace ManagedGemma.Kernels.RowUnpack.Gguf;

/// <summary>256 weights: 128 bytes of nibbles, 64 bytes of the two bits above them, 16 signed scales for 16 weights each, a half scale; in each
/// half of the block the low nibbles of 64 bytes come first. w = (d · s) · (q − 32).</summary>
internal readonly unsafe struct BlockQ6_K : IGgufBlock
{
    public static GgufType Type => GgufType.Q6_K;

    public static void Unpack(byte* block, Span<float> values)
    {
        float scale = GgufRowUnpack.Half(block + 208);
        sbyte* scales = (sbyte*)(block + 192);
        for (int group = 0; group < 16; group++)
        {
            float groupScale = scale * scales[group];
            int half = group / 8, inHalf = group % 8 * 16;
            byte* low = block + (half * 64) + (inHalf % 64), high = block + 128 + (half * 32) + (inHalf % 32);
            int lowShift = inHalf / 64 * 4, highShift = inHalf / 32 * 2;
            Span<float> to = values.Slice(group * 16, 16);
            for (int i = 0; i < 16; i++)
            {
                to[i] = groupScale * ((((low[i] >> lowShift) & 15) | (((high[i] >> highShift) & 3) << 4)) - 32);
            }
        }
    }
}
