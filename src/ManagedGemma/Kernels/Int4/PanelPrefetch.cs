using System.Runtime.Intrinsics.X86;

namespace ManagedGemma.Kernels.Int4;

/// <summary>
/// While tokens pass over one chunk of some panels the next is fetched into the second-level cache: the same rows further on, or
/// the rows that follow (a worker's tasks are neighbours). Without it a panel's many short streams wait for memory line by line.
/// Beyond the last row a prefetch does nothing. Spread over the first tiles of tokens, so as not to ask for more than memory gives.
/// </summary>
internal readonly unsafe struct PanelPrefetch
{
    private const int SpreadTiles = 4;
    private const int LineBytes = 64;

    private readonly byte* _next;
    private readonly nint _rowBytes;
    private readonly int _panelRows;
    private readonly int _tiles;
    private readonly int _rowsPerTile;

    /// <summary>Plans the prefetch of what follows, over a number of token tiles.</summary>
    /// <param name="rows">The rows of all panels.</param>
    /// <param name="nextGroup">The group that follows the chunk; the number of groups: the following rows.</param>
    /// <param name="panelRows">Rows of a panel.</param>
    /// <param name="tiles">Tiles of tokens.</param>
    public PanelPrefetch(in Int4Rows rows, int nextGroup, int panelRows, int tiles)
    {
        bool nextRows = nextGroup == rows.Groups;
        _rowBytes = (nint)rows.Groups * Int4Rows.GroupWords * sizeof(uint);
        _next = (byte*)rows.Words + (nextRows ? rows.Count * _rowBytes : (nint)nextGroup * Int4Rows.GroupWords * sizeof(uint));
        _panelRows = panelRows;
        _tiles = Math.Min(tiles, SpreadTiles);
        _rowsPerTile = panelRows / _tiles;
        if (nextRows)
        {
            int bytes = rows.Count * rows.Groups * sizeof(ushort);
            Fetch((byte*)rows.Scales + bytes, bytes);
            Fetch((byte*)rows.Biases + bytes, bytes);
        }
    }

    /// <summary>What a tile fetches while it passes over a panel: the same group of some of its rows with each of its own groups.</summary>
    public Lines For(int tile, int panel) =>
        tile < _tiles ? new Lines(_next + (((panel * _panelRows) + (tile * _rowsPerTile)) * _rowBytes), _rowsPerTile, _rowBytes) : default;

    private static void Fetch(byte* start, int bytes)
    {
        for (int i = 0; i < bytes; i += LineBytes)
        {
            Sse.Prefetch1(start + i);
        }
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
