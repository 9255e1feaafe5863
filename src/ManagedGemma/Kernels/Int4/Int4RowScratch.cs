namespace ManagedGemma.Kernels.Int4;

/// <summary>What a row kernel keeps in a worker's scratch for a block of rows.</summary>
/// <param name="scratch">Of <see cref="Bytes"/> bytes, 64-byte aligned.</param>
internal readonly unsafe struct Int4RowScratch(byte* scratch)
{
    /// <summary>Rows of a block: a vector of floats, or some narrower ones.</summary>
    public const int Rows = 16;

    /// <summary>Groups whose scales and biases are there at once: what is transposed at once. Before each table there is room for as many.</summary>
    public const int TableGroups = 2 * IWordTranspose.Words;

    /// <summary>Bytes of all.</summary>
    public const int Bytes = ((4 * TableFloats) + (IInt4Row.MostTokens * (1 + RowHalves) * Rows)) * sizeof(float);

    private const int TableFloats = TableGroups * Rows;

    // Sums of two groups at most.
    private const int RowHalves = 4;

    /// <summary>[<see cref="TableGroups"/>][<see cref="Rows"/>].</summary>
    public float* Scales => (float*)scratch + TableFloats;

    /// <summary>[<see cref="TableGroups"/>][<see cref="Rows"/>].</summary>
    public float* Biases => Scales + (2 * TableFloats);

    /// <summary>[token][<see cref="Rows"/>].</summary>
    public float* Sums => Biases + TableFloats;

    /// <summary>[token], of four integers a row: sums of half groups that wait for the other rows'.</summary>
    public int* Halves => (int*)Sums + (IInt4Row.MostTokens * Rows);
}
