namespace ManagedGemma.Kernels.Int4;

/// <summary>
/// The order of work in a panel kernel, so that what is used again lies in the second-level cache: a chunk of groups of one panel,
/// and the activations of those groups, which all panels of a call meet before the next groups come.
/// </summary>
internal ref struct PanelChunks(in Int4Rows rows, int tokens, int panelRows)
{
    // With many tokens a chunk's nibbles, 32 KiB, stay in the first-level cache while all tiles pass; with a tile or two what counts
    // are long runs of memory. On Zen 5, 128 tokens, 16 groups were up to a tenth faster than 64, 20 and 32 between; with 8 tokens a tenth slower.
    private const int ManyTokensGroups = 16;
    private const int FewTokensGroups = 64;
    private const int FewTokens = 16;

    private readonly Int4Rows _rows = rows;
    private readonly int _panels = (rows.Count + panelRows - 1) / panelRows;
    private readonly int _chunkGroups = ChunkGroups(rows.Groups, tokens);
    private int _group;
    private int _panel = -1;

    /// <summary>The current chunk.</summary>
    public readonly PanelChunk Current
    {
        get
        {
            PanelChunks next = this;
            bool more = next.MoveNext();
            return new PanelChunk(
                _panel,
                _group,
                Math.Min(_chunkGroups, _rows.Groups - _group),
                _chunkGroups,
                more ? next._panel : _panels,
                more ? next._group : 0);
        }
    }

    /// <summary>Groups of a chunk for rows of some groups and tokens: even, so that no block of two is divided, and much the same for all.</summary>
    public static int ChunkGroups(int groups, int tokens)
    {
        int most = tokens <= FewTokens ? FewTokensGroups : ManyTokensGroups;
        int chunks = (groups + most - 1) / most;
        return (((groups + chunks - 1) / chunks) + 1) / 2 * 2;
    }

    /// <summary>For foreach.</summary>
    public readonly PanelChunks GetEnumerator() => this;

    /// <summary>Goes on to the next chunk: panel by panel, then the next groups.</summary>
    public bool MoveNext()
    {
        if (++_panel < _panels)
        {
            return true;
        }

        _panel = 0;
        _group += _chunkGroups;
        return _group < _rows.Groups;
    }
}
