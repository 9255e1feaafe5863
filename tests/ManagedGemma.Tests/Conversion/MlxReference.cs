using System.Buffers.Binary;
using ManagedGemma.Checkpoints;

namespace ManagedGemma.Tests.Conversion;

/// <summary>
/// Quantised weights in double, straight from the formats' definitions. Only the product of an affine scale and a code rounds to float32,
/// as it does in MLX (float32 scales alone have the bits for that to show): what is then rounded to float32 has MLX's bits.
/// </summary>
internal static class MlxReference
{
    private static readonly double[] E2M1 = [0, 0.5, 1, 1.5, 2, 3, 4, 6];

    /// <summary>The values of a row.</summary>
    /// <param name="scheme">Its scheme.</param>
    /// <param name="type">Of affine scales and biases.</param>
    /// <param name="columns">Weights.</param>
    /// <param name="words">The row's words, as bytes.</param>
    /// <param name="scales">The row's scales, as bytes.</param>
    /// <param name="biases">The row's biases, as bytes; empty where there are none.</param>
    public static double[] Row(
        QuantizationScheme scheme, ElementType type, int columns, ReadOnlySpan<byte> words, ReadOnlySpan<byte> scales, ReadOnlySpan<byte> biases)
    {
        double[] values = new double[columns];
        for (int i = 0; i < columns; i++)
        {
            int code = 0;
            for (int bit = 0; bit < scheme.Bits; bit++)
            {
                int at = (i * scheme.Bits) + bit;
                code |= ((words[at / 8] >> (at % 8)) & 1) << bit;
            }

            int group = i / scheme.GroupSize;
            values[i] = scheme.Mode switch
            {
                QuantizationMode.Affine => (double)(Float(scales, group, type) * code) + Float(biases, group, type),
                QuantizationMode.MxFp4 => Math.Pow(2, scales[group] - 127) * Signed(code, 8, E2M1[code & 7]),
                QuantizationMode.MxFp8 => Math.Pow(2, scales[group] - 127) * ValueOfE4M3(code),
                _ => ValueOfE4M3(scales[group]) * Signed(code, 8, E2M1[code & 7]),
            };
        }

        return values;
    }

    /// <summary>E4M3 from its fields; 0x7F and 0xFF are NaN.</summary>
    public static double ValueOfE4M3(int code)
    {
        int exponent = (code >> 3) & 15, mantissa = code & 7;
        double size = exponent == 0 ? mantissa * Math.Pow(2, -9) : (1 + (mantissa / 8.0)) * Math.Pow(2, exponent - 7);
        return (code & 0x7F) == 0x7F ? double.NaN : Signed(code, 128, size);
    }

    private static double Signed(int code, int sign, double size) => (code & sign) != 0 ? -size : size;

    private static float Float(ReadOnlySpan<byte> bytes, int index, ElementType type) => type switch
    {
        ElementType.F32 => BinaryPrimitives.ReadSingleLittleEndian(bytes[(4 * index)..]),
        ElementType.F16 => (float)BinaryPrimitives.ReadHalfLittleEndian(bytes[(2 * index)..]),
        _ => BitConverter.Int32BitsToSingle(BinaryPrimitives.ReadUInt16LittleEndian(bytes[(2 * index)..]) << 16),
    };
}
