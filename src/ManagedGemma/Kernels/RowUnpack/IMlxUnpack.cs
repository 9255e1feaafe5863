namespace ManagedGemma.Kernels.RowUnpack;

/// <summary>
/// Widens MLX's quantised rows to float32. Affine: w = scale · q + bias, where the product rounds on its own as it does in MLX (with
/// BF16 and F16 scales it is exact). The others: w = scale · value with value by <see cref="MicroFloat.E2M1"/> or
/// <see cref="MicroFloat.E4M3"/> and scale by <see cref="MicroFloat.E8M0"/> or, in nvfp4, <see cref="MicroFloat.E4M3"/>; that product
/// is exact. Every implementation gives the same bits, NaN for NaN.
/// </summary>
internal unsafe interface IMlxUnpack
{
    /// <summary>Widens part of a row; reads nothing beyond it.</summary>
    /// <param name="format">The row's format.</param>
    /// <param name="row">The row.</param>
    /// <param name="first">The first weight: a multiple of <see cref="IRowUnpack.ColumnMultiple"/>.</param>
    /// <param name="destination">Takes <paramref name="count"/> floats.</param>
    /// <param name="count">Whole groups.</param>
    void Unpack(in MlxFormat format, in PackedRow row, int first, float* destination, int count);
}
