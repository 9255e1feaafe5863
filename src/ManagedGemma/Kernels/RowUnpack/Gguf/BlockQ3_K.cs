using ManagedGemma.Checkpoints.Gguf;

namespace ManagedGemma.Kernels.RowUnpack.Gguf;

/// <summary>256 weights: 32 bytes of third bits, bit b of byte i for weight 32 · b + i; 64 bytes of pairs as in Q2_K; 12 bytes of 6-bit scales for
/// 16 weights each; a half scale. w = (d · (s − 32)) · q, where q is the pair, less 4 where the third bit is 0.</summary>
internal readonly unsafe struct BlockQ3_K : IGgufBlock
{
    public static GgufType Type => GgufType.Q3_K;

    public static void Unpack(byte* block, Span<float> values)
    {
        float scale = GgufRowUnpack.Half(block + 108);
        byte* pairs = block + 32, scales = block + 96;
        for (int group = 0; group < 16; group++)
        {
            // Nibbles of the first eight bytes are the low bits, pairs of the last four the high ones.
            int low = (scales[group % 8] >> (group / 8 * 4)) & 15, high = (scales[8 + (group % 4)] >> (group / 4 * 2)) & 3;
            float groupScale = scale * ((low | (high << 4)) - 32);
            byte* from = pairs + (group / 8 * 32) + (group % 2 * 16), third = block + (group % 2 * 16);
            int shift = group / 2 % 4 * 2, bit = group / 2;
            Span<float> to = values.Slice(group * 16, 16);
            for (int i = 0; i < 16; i++)
            {
                to[i] = groupScale * (((from[i] >> shift) & 3) - 4 + (((third[i] >> bit) & 1) << 2));
            }
        }
    }
}
