namespace ManagedGemma.Model;

/// <summary>
/// What meets 4-bit weights in a matrix product. Everything else (norms, attention, residual stream) is float32 in all three.
/// </summary>
public enum Precision
{
    /// <summary>16-bit activations, a scale per 64: relative error of the features near 10⁻⁴. The default.</summary>
    Precise,

    /// <summary>8-bit activations, a scale per 32: about 10⁻², twice as fast.</summary>
    Fast,

    /// <summary>Weights dequantised, float32 products: the yardstick, about 10⁻⁶.</summary>
#pragma warning disable CA1720 // The field's standard name for it.
    Float32,
#pragma warning restore CA1720
}
