using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace ManagedGemma.Kernels.Int4;

/// <summary>What a panel kernel keeps in a worker's scratch: one transposed chunk, and the sums of all panels of a call.</summary>
internal readonly unsafe struct Int4PanelScratch
{
    // Before and behind a chunk's scales and biases, for what is transposed at once.
    private const int RoomGroups = 2 * IWordTranspose.Words;

    private const int HalfTokens = 8;

    private readonly int _panelRows;
    private readonly int _paddedTokens;
    private readonly float* _sums;

    /// <summary>Divides scratch of <see cref="Bytes"/> bytes and clears the sums.</summary>
    public Int4PanelScratch(byte* scratch, in Int4Rows rows, int paddedTokens, int panelRows)
    {
        _panelRows = panelRows;
        _paddedTokens = paddedTokens;
        nint groups = PanelChunks.ChunkGroups(rows.Groups, paddedTokens), room = RoomGroups * panelRows;
        Nibbles = (uint*)scratch;
        Scales = (float*)(Nibbles + (2 * groups * Int4Rows.GroupWords * panelRows)) + room;
        Biases = Scales + (groups * panelRows) + room;
        Halves = (int*)(Biases + (groups * panelRows) + room);
        _sums = (float*)(Halves + (HalfTokens * panelRows));
        int panels = (rows.Count + panelRows - 1) / panelRows;
        NativeMemory.Clear(_sums, (nuint)panels * (nuint)paddedTokens * (nuint)panelRows * sizeof(float));
    }

    /// <summary>[groups·8][even, odd][panel rows]: words of four nibbles as bytes.</summary>
    public uint* Nibbles { get; }

    /// <summary>[groups][panel rows].</summary>
    public float* Scales { get; }

    /// <summary>[groups][panel rows].</summary>
    public float* Biases { get; }

    /// <summary>[8][panel rows]: a tile's integer sums of the first half of a group.</summary>
    public int* Halves { get; }

    /// <summary>Bytes for a call with as many panels as there may be.</summary>
    public static nuint Bytes(int groups, int paddedTokens, int panelRows)
    {
        nuint chunk = (nuint)PanelChunks.ChunkGroups(groups, paddedTokens) * ((2 * Int4Rows.GroupWords) + 2);
        return (nuint)panelRows * sizeof(float) * (chunk + (3 * RoomGroups) + HalfTokens + (IInt4Panel.MostPanels * (nuint)paddedTokens));
    }

    /// <summary>[panel rows] sums of a token, and then of the tokens after it.</summary>
    public float* Sums(int panel, int token) => _sums + ((((nint)panel * _paddedTokens) + token) * _panelRows);

    /// <summary>Copies the sums to where they belong; those of 8-bit activations are in units of their token.</summary>
    public void CopySums(QuantizedActivations x, TokenRange tokens, float* y, nint yStride, int rows)
    {
        for (int token = 0; token < tokens.Count; token++)
        {
            float unit = x.Type == ActivationType.Int16 ? 1 : x.Units[tokens.First + token];
            for (int row = 0; row < rows; row += _panelRows)
            {
                int count = Math.Min(_panelRows, rows - row);
                Copy(Sums(row / _panelRows, token), unit, y + (token * yStride) + row, count);
            }
        }
    }

    /// <summary>Copies sums of rows side by side; a product with a unit of 1 is exact.</summary>
    public static void Copy(float* sums, float unit, float* target, int count)
    {
        int row = 0;
        for (; row + Vector256<float>.Count <= count; row += Vector256<float>.Count)
        {
            (Vector256.Load(sums + row) * unit).Store(target + row);
        }

        for (; row < count; row++)
        {
            target[row] = sums[row] * unit;
        }
    }
}
