namespace ManagedGemma.Kernels.Int4;

/// <summary>Unpacks 4-bit weights to float32 for <see cref="FloatMatMul.IFloatMatMul"/>: w = fma(scale, q, bias).</summary>
internal unsafe interface IInt4Unpack
{
    /// <summary>Rows that one call unpacks side by side.</summary>
    const int TileRows = 32;

    /// <summary>Unpacks some groups of up to 32 rows, transposed.</summary>
    /// <param name="rows">1 .. 32 rows.</param>
    /// <param name="firstGroup">The first group.</param>
    /// <param name="groups">The number of groups.</param>
    /// <param name="tile">[groups·64][32] floats: tile[k][row]; columns past the last row may hold anything afterwards.</param>
    void Unpack(in Int4Rows rows, int firstGroup, int groups, float* tile);
}
