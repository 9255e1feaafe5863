using ManagedGemma.Checkpoints;

namespace ManagedGemma.Kernels.RowUnpack;

/// <summary>
/// MLX's affine mode, any bits and group: element j of a row begins at bit j · bits of the row's little-endian words, lowest bit
/// first, and w = fma(scale, q, bias).
/// </summary>
internal sealed unsafe class AffineRowUnpack(int bits, int groupSize, ElementType scaleType) : IRowUnpack
{
    public void Unpack(in PackedRow row, int first, Span<float> destination)
    {
        int size = scaleType.ByteSize();
        Span<float> pair = stackalloc float[2];
        for (int i = 0; i < destination.Length; i++)
        {
            int group = (first + i) / groupSize;
            if (i % groupSize == 0)
            {
                ElementConversion.ToSingles(new ReadOnlySpan<byte>(row.Scales + (group * size), size), scaleType, pair[..1]);
                ElementConversion.ToSingles(new ReadOnlySpan<byte>(row.Biases + (group * size), size), scaleType, pair[1..]);
            }

            long bit = (long)(first + i) * bits;
            byte* at = row.Values + (bit >> 3);
            int shift = (int)(bit & 7);
            // A value crosses into the next byte only when it has bits there.
            int word = shift + bits > 8 ? at[0] | (at[1] << 8) : at[0];
            destination[i] = MathF.FusedMultiplyAdd(pair[0], (word >> shift) & ((1 << bits) - 1), pair[1]);
        }
    }
}
