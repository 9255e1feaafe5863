namespace ManagedGemma.Kernels.Int4;

/// <summary>What a row kernel keeps in a worker's scratch for a block of rows.</summary>
/// <param name="scratch">Of <see cref="Bytes"/> bytes, 64-byte aligned.</param>
internal readonly unsafe struct Int4RowScratch(byte* scratch)
{
    /// <summary>Groups whose scales and biases are there at once.</summary>
    public const int TableGroups = 16;

    /// <summary>Bytes of all.</summary>
    public const int Bytes = (((2 * TableFloats) + (IInt4Row.MostTokens * (1 + HalfRows) * Int4BlockedRow.Rows)) * sizeof(float)) + (IInt4Row.MostTokens * LaidOutBytes);

    // For each token: a sum a row; sums of half groups, those of two groups at most; nine of the widest vectors.
    private const int TableFloats = TableGroups * Int4BlockedRow.Rows;
    private const int HalfRows = 4;
    private const int LaidOutBytes = 9 * 64;

    /// <summary>[<see cref="TableGroups"/>][row].</summary>
    public float* Scales => (float*)scratch;

    /// <summary>[<see cref="TableGroups"/>][row].</summary>
    public float* Biases => Scales + TableFloats;

    /// <summary>[token][row].</summary>
    public float* Sums => Biases + TableFloats;

    /// <summary>[token], of four integers a row: sums of half groups that wait for the other rows'.</summary>
    public int* Halves => (int*)Sums + (IInt4Row.MostTokens * Int4BlockedRow.Rows);

    /// <summary>[token], of nine vectors: activations as the products take them.</summary>
    public int* LaidOut => Halves + (IInt4Row.MostTokens * HalfRows * Int4BlockedRow.Rows);
}
