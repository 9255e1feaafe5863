using ManagedGemma.Kernels.RowUnpack;

namespace ManagedGemma.Conversion;

/// <summary>A power of two in a byte: 2^(code − 127).</summary>
internal readonly struct E8M0 : IFloatScale
{
    private const int Bias = 127, FloatMantissaBits = 23;

    /// <summary>
    /// The least power of two that is not smaller, so that no weight of the group is clamped; subnormal numbers get 2⁻¹²⁶. A group of
    /// zeros, or one whose scale underflows in the weights' type, gets 1, as in MLX.
    /// </summary>
    public static byte Encode(float scale)
    {
        uint bits = BitConverter.SingleToUInt32Bits(scale);
        bool isPower = (bits & ((1u << FloatMantissaBits) - 1)) == 0;
        return scale == 0 ? (byte)Bias : (byte)((bits >> FloatMantissaBits) + (isPower ? 0u : 1u));
    }

    /// <inheritdoc/>
    public static float Decode(byte code) => MicroFloat.E8M0[code];
}
