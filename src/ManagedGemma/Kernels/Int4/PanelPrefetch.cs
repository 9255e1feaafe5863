using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace ManagedGemma.Kernels.Int4;

/// <summary>
/// While tokens pass over one chunk of a panel the next is fetched into the second-level cache: words, scales and biases, line by
/// line in the order of memory, so that a page is looked up once. In the order in which words are transposed, row after row, eight
/// tokens took twice as long over a mapped file. Spread over the tiles. Beyond the last row a prefetch does nothing,
/// nor where .NET has no instruction for it (Arm64).
/// </summary>
internal unsafe struct PanelPrefetch
{
    private const int LineBytes = 64;

    private readonly Int4Rows _rows;
    private readonly int _panelRows;
    private readonly int _firstRow;
    private readonly int _firstGroup;
    private readonly int _groups;
    private byte* _next;
    private nint _toNextRow;
    private int _linesLeft;
    private int _linesPerRow;
    private int _rowsLeft;
    private int _table;
    private int _perGroup;

    /// <summary>Plans the prefetch of what follows a chunk.</summary>
    public PanelPrefetch(in Int4Rows rows, in PanelChunk chunk, int panelRows, int tiles)
    {
        _rows = rows;
        _panelRows = panelRows;
        _firstRow = chunk.NextPanel * panelRows;
        _firstGroup = chunk.NextFirstGroup;
        _groups = Math.Min(chunk.MostGroups, rows.Groups - _firstGroup);
        int steps = tiles * chunk.Groups, lines = panelRows * _groups * ((Int4Rows.GroupWords * sizeof(uint)) + 4) / LineBytes;
        if (Sse.IsSupported)
        {
            _perGroup = (lines / steps) + 1;
            NextTable();
        }
    }

    /// <summary>Fetches a group's share: called once a group by every tile. The pointer runs in a register, not in this struct's memory.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Step()
    {
        for (int lines = _perGroup; lines > 0;)
        {
            int run = Math.Min(lines, _linesLeft);
            byte* next = _next;
            for (byte* end = next + (run * LineBytes); next < end; next += LineBytes)
            {
                Sse.Prefetch1(next);
            }

            _next = next;
            lines -= run;
            _linesLeft -= run;
            if (_linesLeft == 0)
            {
                NextRow();
                lines = Math.Min(lines, _perGroup);
            }
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void NextRow()
    {
        _next += _toNextRow;
        _linesLeft = _linesPerRow;
        if (--_rowsLeft == 0)
        {
            NextTable();
        }
    }

    private void NextTable()
    {
        switch (_table++)
        {
            case 0:
                Begin((byte*)_rows.Words, Int4Rows.GroupWords * sizeof(uint));
                break;
            case 1:
                Begin((byte*)_rows.Scales, sizeof(ushort));
                break;
            case 2:
                Begin((byte*)_rows.Biases, sizeof(ushort));
                break;
            default:
                _perGroup = 0;
                break;
        }
    }

    // Whole rows are one run of memory; parts of rows begin anywhere in a line.
    private void Begin(byte* table, int groupBytes)
    {
        nint rowBytes = (nint)_rows.Groups * groupBytes;
        bool whole = _groups == _rows.Groups;
        nint bytes = (nint)_groups * groupBytes * (whole ? _panelRows : 1);
        _next = table + (_firstRow * rowBytes) + (_firstGroup * groupBytes);
        _linesPerRow = (int)((bytes + LineBytes - 1) / LineBytes) + (whole ? 0 : 1);
        _linesLeft = _linesPerRow;
        _rowsLeft = whole ? 1 : _panelRows;
        _toNextRow = rowBytes - ((nint)_linesPerRow * LineBytes);
    }
}
