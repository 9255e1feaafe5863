using ManagedGemma.Checkpoints;

namespace ManagedGemma.Conversion;

/// <summary>The quantizer of a scheme.</summary>
internal static class RowQuantizer
{
    /// <summary>Makes a quantizer.</summary>
    /// <param name="scheme">A valid scheme.</param>
    /// <param name="type">The weights' type, BF16, F16 or F32: what MLX computes in is rounded to it, and affine scales are stored in it.</param>
    public static IRowQuantizer For(QuantizationScheme scheme, ElementType type) => scheme.Mode switch
    {
        QuantizationMode.MxFp4 => new FloatQuantizer<E8M0, E2M1>(scheme, type),
        QuantizationMode.MxFp8 => new FloatQuantizer<E8M0, E4M3>(scheme, type),
        QuantizationMode.NvFp4 => new FloatQuantizer<E4M3, E2M1>(scheme, type),
        _ => new AffineQuantizer(scheme.Bits, scheme.GroupSize, type),
    };
}
