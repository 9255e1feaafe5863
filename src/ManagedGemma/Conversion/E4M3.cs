using ManagedGemma.Kernels.RowUnpack;

namespace ManagedGemma.Conversion;

/// <summary>
/// Eight bits: sign, four of exponent (bias 7), three of mantissa; no infinity. From 2⁻⁹ (subnormal) and 2⁻⁶ (normal) to 448.
/// </summary>
internal readonly struct E4M3 : IFloatCode, IFloatScale
{
    private const byte LargestCode = 0x7E, Sign = 0x80;
    private const int MantissaBits = 3, Bias = 7, FloatMantissaBits = 23, FloatBias = 127, Dropped = FloatMantissaBits - MantissaBits;
    private const float LeastNormal = 1f / 64, SubnormalsPerUnit = 512;

    public static float Largest => 448;

    /// <summary>Nearest, ties to even.</summary>
    public static byte Encode(float value)
    {
        float size = MathF.Abs(value);
        uint code;
        if (size >= Largest)
        {
            code = LargestCode;
        }
        else if (size < LeastNormal)
        {
            // Eight of them are the least normal number, whose code is 8 too.
            code = (uint)MathF.Round(size * SubnormalsPerUnit, MidpointRounding.ToEven);
        }
        else
        {
            uint bits = BitConverter.SingleToUInt32Bits(size);
            uint rounded = bits + ((1u << (Dropped - 1)) - 1) + ((bits >> Dropped) & 1);
            code = (rounded >> Dropped) - ((FloatBias - Bias) << MantissaBits);
        }

        return (byte)(float.IsNegative(value) ? code | Sign : code);
    }

    /// <inheritdoc/>
    public static float Decode(byte code) => MicroFloat.E4M3[code];
}
