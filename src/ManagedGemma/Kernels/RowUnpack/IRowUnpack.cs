namespace ManagedGemma.Kernels.RowUnpack;

/// <summary>
/// One format of packed weights: widens part of a row to float32. What a format's definition computes in float32 is computed in
/// the same order, so that the values are the definition's bit for bit.
/// </summary>
internal interface IRowUnpack
{
    /// <summary>Every part of a row begins at a multiple of this many weights: whole groups and blocks of every format.</summary>
    const int ColumnMultiple = 256;

    /// <summary>Widens.</summary>
    /// <param name="row">The row.</param>
    /// <param name="first">The first weight: a multiple of <see cref="ColumnMultiple"/>.</param>
    /// <param name="destination">Takes as many weights as it is long: whole groups or blocks.</param>
    void Unpack(in PackedRow row, int first, Span<float> destination);
}
