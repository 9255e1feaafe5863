using ManagedGemma.Checkpoints.Gguf;

namespace ManagedGemma.Kernels.RowUnpack.Gguf;

/// <summary>256 weights: a half scale of scales and one of minima, 12 bytes of 6-bit scales and minima for 32 weights each, 128 bytes whose low
/// nibbles are 32 weights and whose high ones the next 32. w = (d · s) · q − (dmin · m).</summary>
internal readonly unsafe struct BlockQ4_K : IGgufBlock
{
    public static GgufType Type => GgufType.Q4_K;

    public static void Unpack(byte* block, Span<float> values)
    {
        float scale = GgufRowUnpack.Half(block), minimum = GgufRowUnpack.Half(block + 2);
        for (int group = 0; group < 8; group++)
        {
            (int s, int m) = GgufRowUnpack.ScaleAndMinimum(block + 4, group);
            float groupScale = scale * s, groupMinimum = minimum * m;
            byte* nibbles = block + 16 + (group / 2 * 32);
            int shift = group % 2 * 4;
            Span<float> to = values.Slice(group * 32, 32);
            for (int i = 0; i < 32; i++)
            {
                to[i] = (groupScale * ((nibbles[i] >> shift) & 15)) - groupMinimum;
            }
        }
    }
}
