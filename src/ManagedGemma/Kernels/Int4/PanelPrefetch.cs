namespace ManagedGemma.Kernels.Int4;

/// <summary>
/// While tokens pass over one chunk of a panel the next is fetched into the second-level cache. Without it a panel's many short
/// streams wait for memory line by line. Beyond the last row a prefetch does nothing. Spread over the first tiles of tokens, so as
/// not to ask for more than memory gives.
/// </summary>
internal unsafe struct PanelPrefetch
{
    private const int SpreadTiles = 4;

    private readonly nint _rowBytes;
    private readonly int _rowsPerTile;
    private byte* _next;
    private int _tilesLeft;

    /// <summary>Plans the prefetch of what follows a chunk.</summary>
    public PanelPrefetch(in PanelChunk chunk, int panelRows, int tileTokens)
    {
        _tilesLeft = Math.Min((chunk.EndToken - chunk.FirstToken + tileTokens - 1) / tileTokens, SpreadTiles);
        _rowsPerTile = (panelRows + _tilesLeft - 1) / _tilesLeft;
        _rowBytes = chunk.RowBytes;
        _next = (byte*)chunk.NextWords;
    }

    /// <summary>What the next tile fetches: the same group of some rows with each of its own groups.</summary>
    public Lines Next()
    {
        if (_tilesLeft == 0)
        {
            return default;
        }

        _tilesLeft--;
        Lines lines = new(_next, _rowsPerTile, _rowBytes);
        _next += _rowsPerTile * _rowBytes;
        return lines;
    }

    /// <summary>A walk over the lines that a tile fetches.</summary>
    internal struct Lines(byte* next, int perGroup, nint stride)
    {
        /// <summary>The next line.</summary>
        public byte* Next = next;

        /// <summary>Lines to fetch with each group.</summary>
        public readonly int PerGroup = perGroup;

        /// <summary>Bytes from a line to the next.</summary>
        public readonly nint Stride = stride;

        /// <summary>Bytes from behind a group's last line to the next group's first.</summary>
        public readonly nint ToNextGroup = (Int4Rows.GroupWords * sizeof(uint)) - (perGroup * stride);
    }
}
