namespace ManagedGemma.Kernels.Int4;

/// <summary>Where a transposed panel lies in a worker's scratch.</summary>
internal readonly unsafe struct Int4PanelScratch
{
    /// <summary>Divides scratch of <see cref="Bytes"/> bytes.</summary>
    public Int4PanelScratch(byte* scratch, int groups, int rows)
    {
        Words = (uint*)scratch;
        Scales = (float*)(Words + ((nint)groups * Int4Rows.GroupWords * rows));
        Biases = Scales + ((nint)groups * rows);
        Tile = Biases + ((nint)groups * rows);
    }

    /// <summary>[groups·8][rows] words.</summary>
    public uint* Words { get; }

    /// <summary>[groups][rows].</summary>
    public float* Scales { get; }

    /// <summary>[groups][rows].</summary>
    public float* Biases { get; }

    /// <summary>[4][rows]: a tile's results where they may not be stored whole.</summary>
    public float* Tile { get; }

    /// <summary>Bytes for a panel.</summary>
    public static nuint Bytes(int groups, int rows) =>
        (nuint)rows * sizeof(float) * (((nuint)groups * (Int4Rows.GroupWords + 2)) + QuantizedActivations.TileTokens);

    /// <summary>Copies the part of <see cref="Tile"/> that is there.</summary>
    public void CopyTile(int tileStride, float* y, nint yStride, int tokens, int rows)
    {
        for (int token = 0; token < tokens; token++)
        {
            new ReadOnlySpan<float>(Tile + (token * tileStride), rows).CopyTo(new Span<float>(y + (token * yStride), rows));
        }
    }
}
