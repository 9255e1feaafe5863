namespace ManagedGemma.Kernels.TileTranspose;

/// <summary>Turns rows of floats into a tile for <see cref="FloatMatMul.IFloatMatMul"/>, where rows lie side by side. Bits are copied.</summary>
internal unsafe interface ITileTranspose
{
    /// <summary>Rows that a tile has room for.</summary>
    const int TileRows = 32;

    /// <summary>Both sides have room for the next multiple of this many columns; what lies there may be read and written.</summary>
    const int ColumnMultiple = 8;

    /// <summary>tile[k][row] = rows[row][k].</summary>
    /// <param name="rows">[count, columns], <paramref name="rowStride"/> floats from row to row.</param>
    /// <param name="rowStride">Floats from a row to the next.</param>
    /// <param name="count">1 .. 32 rows.</param>
    /// <param name="columns">At least 1; room as <see cref="ColumnMultiple"/> says.</param>
    /// <param name="tile">
    /// [columns][32]; columns past the last row, up to the next multiple of 16, may hold anything afterwards.
    /// </param>
    void Transpose(float* rows, nint rowStride, int count, int columns, float* tile);
}
