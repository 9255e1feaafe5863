namespace ManagedGemma.Kernels.Int4;

/// <summary>The integers that activations are rounded to before they meet 4-bit weights.</summary>
internal enum ActivationType
{
    /// <summary>−32767..32767, a scale per group of 64: error 2⁻¹⁶ of the group's largest.</summary>
    Int16,

    /// <summary>−127..127, a scale per 32: error 2⁻⁸ of their largest.</summary>
    Int8,
}
