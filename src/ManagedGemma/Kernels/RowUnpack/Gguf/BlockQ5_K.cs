using ManagedGemma.Checkpoints.Gguf;

namespace ManagedGemma.Kernels.RowUnpack.Gguf;

/// <summary>256 weights: scales and minima as in Q4_K; 32 bytes of fifth bits, bit b of byte i for weight 32 · b + i; nibbles as in Q4_K.
/// w = (d · s) · q − (dmin · m).</summary>
internal readonly unsafe struct BlockQ5_K : IGgufBlock
{
    public static GgufType Type => GgufType.Q5_K;

    public static void Unpack(byte* block, Span<float> values)
    {
        float scale = GgufRowUnpack.Half(block), minimum = GgufRowUnpack.Half(block + 2);
        byte* fifth = block + 16;
        for (int group = 0; group < 8; group++)
        {
            (int s, int m) = GgufRowUnpack.ScaleAndMinimum(block + 4, group);
            float groupScale = scale * s, groupMinimum = minimum * m;
            byte* nibbles = block + 48 + (group / 2 * 32);
            int shift = group % 2 * 4;
            Span<float> to = values.Slice(group * 32, 32);
            for (int i = 0; i < 32; i++)
            {
                to[i] = (groupScale * (((nibbles[i] >> shift) & 15) | (((fifth[i] >> group) & 1) << 4))) - groupMinimum;
            }
        }
    }
}
