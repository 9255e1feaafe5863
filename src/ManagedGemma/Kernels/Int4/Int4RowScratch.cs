namespace ManagedGemma.Kernels.Int4;

/// <summary>What a row kernel keeps in a worker's scratch for a block of rows.</summary>
/// <param name="scratch">Of <see cref="Bytes"/> bytes, 64-byte aligned.</param>
/// <param name="blockRows">Rows of a block.</param>
internal readonly unsafe struct Int4RowScratch(byte* scratch, int blockRows)
{
    /// <summary>Groups whose scales and biases are there at once.</summary>
    public const int TableGroups = 16;

    // For each token: a sum a row; sums of half groups, two vectors of two groups at most; nine of the widest vectors.
    private const int TableRows = 2 * TableGroups;
    private const int HalfRows = 4;
    private const int LaidOutBytes = 9 * 64;

    /// <summary>[<see cref="TableGroups"/>][scales, biases][block rows].</summary>
    public float* Table => (float*)scratch;

    /// <summary>[token][block rows].</summary>
    public float* Sums => Table + (TableRows * blockRows);

    /// <summary>[token], of four integers a block row: sums of half groups that wait for the other rows'.</summary>
    public int* Halves => (int*)Sums + (IInt4Row.MostTokens * blockRows);

    /// <summary>[token], of nine vectors: activations as the products take them.</summary>
    public int* LaidOut => Halves + (IInt4Row.MostTokens * HalfRows * blockRows);

    /// <summary>Bytes for blocks of some rows.</summary>
    public static nuint Bytes(int blockRows) =>
        (nuint)(((TableRows + (IInt4Row.MostTokens * (1 + HalfRows))) * blockRows * sizeof(float)) + (IInt4Row.MostTokens * LaidOutBytes));
}
