using ManagedGemma.Checkpoints.Gguf;

namespace ManagedGemma.Kernels.RowUnpack.Gguf;

/// <summary>256 weights: 16 bytes of a 4-bit scale and, above it, a 4-bit minimum for 16 weights each; 64 bytes of 2-bit weights, whose pairs of
/// bits are 32 neighbours each; a half scale of the scales and one of the minima. w = (d · s) · q − (dmin · m).</summary>
internal readonly unsafe struct BlockQ2_K : IGgufBlock
{
    public static GgufType Type => GgufType.Q2_K;

    public static void Unpack(byte* block, Span<float> values)
    {
        float scale = GgufRowUnpack.Half(block + 80), minimum = GgufRowUnpack.Half(block + 82);
        byte* pairs = block + 16;
        for (int group = 0; group < 16; group++)
        {
            float groupScale = scale * (block[group] & 15), groupMinimum = minimum * (block[group] >> 4);
            byte* from = pairs + (group / 8 * 32) + (group % 2 * 16);
            int shift = group / 2 % 4 * 2;
            Span<float> to = values.Slice(group * 16, 16);
            for (int i = 0; i < 16; i++)
            {
                to[i] = (groupScale * ((from[i] >> shift) & 3)) - groupMinimum;
            }
        }
    }
}
