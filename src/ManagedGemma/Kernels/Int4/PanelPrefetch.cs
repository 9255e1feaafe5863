namespace ManagedGemma.Kernels.Int4;

/// <summary>
/// While tokens pass over one panel the next one is fetched into the second-level cache: its rows follow in memory, and a worker's
/// tasks are neighbours. Without it a panel's many short streams wait for memory line by line. Beyond the last row a prefetch
/// does nothing. Spread over the first tiles of tokens, so as not to ask for more than memory gives.
/// </summary>
internal readonly unsafe struct PanelPrefetch
{
    /// <summary>A cache line.</summary>
    public const int LineBytes = 64;

    private const int SpreadTiles = 4;

    private readonly byte* _next;
    private readonly int _groups;
    private readonly int _tiles;
    private readonly int _linesPerGroup;

    /// <summary>Plans the prefetch of what follows <paramref name="rows"/> over a number of token tiles.</summary>
    public PanelPrefetch(in Int4Rows rows, int tiles)
    {
        _groups = rows.Groups;
        _next = (byte*)(rows.Words + ((nint)rows.Count * rows.Groups * Int4Rows.GroupWords));
        _tiles = Math.Min(tiles, SpreadTiles);
        int lines = rows.Count * Int4Rows.GroupWords * sizeof(uint) / LineBytes;
        _linesPerGroup = (lines + _tiles - 1) / _tiles;
    }

    /// <summary>Lines to fetch with each group of a tile; none once all are on their way.</summary>
    public int LinesFor(int tile) => tile < _tiles ? _linesPerGroup : 0;

    /// <summary>Where a tile begins to fetch.</summary>
    public byte* For(int tile) => _next + ((nint)tile * _groups * _linesPerGroup * LineBytes);
}
