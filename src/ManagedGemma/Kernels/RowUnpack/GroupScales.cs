using ManagedGemma.Checkpoints;

namespace ManagedGemma.Kernels.RowUnpack;

/// <summary>The scales and biases of some groups of a row as float32.</summary>
internal static unsafe class GroupScales
{
    /// <summary>How many are read at once.</summary>
    public const int Most = 64;

    /// <summary>Widens scales and, in affine mode, biases.</summary>
    public static void Read(in MlxFormat format, in PackedRow row, int firstGroup, Span<float> scales, Span<float> biases)
    {
        switch (format.Mode)
        {
            case QuantizationMode.Affine:
                int size = format.ScaleType.ByteSize();
                nint offset = (nint)firstGroup * size;
                ElementConversion.ToSingles(new ReadOnlySpan<byte>(row.Scales + offset, scales.Length * size), format.ScaleType, scales);
                ElementConversion.ToSingles(new ReadOnlySpan<byte>(row.Biases + offset, biases.Length * size), format.ScaleType, biases);
                break;
            case QuantizationMode.NvFp4:
                LookUp(MicroFloat.E4M3, row.Scales + firstGroup, scales);
                break;
            default:
                LookUp(MicroFloat.E8M0, row.Scales + firstGroup, scales);
                break;
        }
    }

    private static void LookUp(ReadOnlySpan<float> table, byte* codes, Span<float> values)
    {
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = table[codes[i]];
        }
    }
}
