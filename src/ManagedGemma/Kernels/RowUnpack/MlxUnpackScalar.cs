using ManagedGemma.Checkpoints;

namespace ManagedGemma.Kernels.RowUnpack;

/// <summary>The reference: weight by weight.</summary>
internal sealed unsafe class MlxUnpackScalar : IMlxUnpack
{
    public void Unpack(in MlxFormat format, in PackedRow row, int first, float* destination, int count)
    {
        Span<float> scale = stackalloc float[1], bias = stackalloc float[1];
        for (int i = 0; i < count; i++)
        {
            if (i % format.GroupSize == 0)
            {
                GroupScales.Read(format, row, (first + i) / format.GroupSize, scale, bias);
            }

            long bit = (long)(first + i) * format.Bits;
            byte* at = row.Values + (bit >> 3);
            int shift = (int)(bit & 7);
            // A value crosses into the next byte only when it has bits there.
            int word = shift + format.Bits > 8 ? at[0] | (at[1] << 8) : at[0];
            int code = (word >> shift) & ((1 << format.Bits) - 1);
            destination[i] = format.Mode switch
            {
                QuantizationMode.Affine => (scale[0] * code) + bias[0],
                QuantizationMode.MxFp8 => scale[0] * MicroFloat.E4M3[code],
                _ => scale[0] * MicroFloat.E2M1[code],
            };
        }
    }
}
