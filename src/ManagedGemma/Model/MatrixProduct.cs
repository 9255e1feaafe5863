namespace ManagedGemma.Model;

/// <summary>How products with a matrix are computed.</summary>
public enum MatrixProduct
{
    /// <summary>
    /// In integers, from the 4-bit weights as they lie: the row kernel for few tokens, the panel kernel for more. In
    /// <see cref="Precision.Float32"/> as <see cref="Unpacked"/>.
    /// </summary>
    Int4,

    /// <summary>In float32, from weights that are unpacked tile by tile.</summary>
    Unpacked,
}
