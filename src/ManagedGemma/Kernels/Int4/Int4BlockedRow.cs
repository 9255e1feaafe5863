using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace ManagedGemma.Kernels.Int4;

/// <summary>What all vector row kernels share: blocks of rows whose sums lie side by side.</summary>
internal abstract unsafe class Int4BlockedRow : IInt4Row
{
    /// <summary>Rows of a block: a vector of floats, or some narrower ones.</summary>
    public const int Rows = 16;

    private const int LineBytes = 64;
    private const int AheadBytes = 4 * LineBytes;

    public nuint ScratchBytes => Int4RowScratch.Bytes;

    public void Multiply(in Int4Rows rows, QuantizedActivations x, byte* scratch, float* y, nint yStride)
    {
        Int4RowScratch block = new(scratch);
        for (int first = 0; first < rows.Count; first += Rows)
        {
            int count = Math.Min(Rows, rows.Count - first);
            new Span<float>(block.Sums, x.Tokens * Rows).Clear();
            Add(rows.Slice(first, count), x, block);
            for (int token = 0; token < x.Tokens; token++)
            {
                // Sums of 8-bit activations are in units of their token.
                float unit = x.Type == ActivationType.Int16 ? 1 : x.Units[token];
                Int4PanelScratch.Copy(block.Sums + (token * Rows), unit, y + (token * yStride) + first, count);
            }
        }
    }

    /// <summary>Adds the products of all groups to the block's sums.</summary>
    /// <param name="rows">At most a block.</param>
    /// <param name="x">All tokens.</param>
    /// <param name="block">The sums are cleared.</param>
    protected abstract void Add(in Int4Rows rows, QuantizedActivations x, in Int4RowScratch block);

    /// <summary>
    /// What is fetched while an offset of the rows is read: a few lines further in every row, and behind a row's end the same row of the next
    /// block. At long rows that many streams are faster than one; fetching a block ahead in the order of memory was a tenth to a third slower,
    /// so were twice as many rows at once, and without it a kernel runs at half its speed (Xeon, Emerald Rapids).
    /// </summary>
    /// <param name="offset">In bytes.</param>
    /// <param name="groups">Of a row.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    protected static nint Ahead(nint offset, int groups)
    {
        nint ahead = offset + AheadBytes, rowBytes = (nint)groups * Int4Rows.GroupWords * sizeof(uint);
        return ahead < rowBytes ? ahead : ahead + (rowBytes * (Rows - 1));
    }

    /// <summary>
    /// Fetches a line of four rows. Beyond the last row a prefetch does nothing, nor where .NET has no instruction for it (Arm64).
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    protected static void FetchFour(byte** rows, nint ahead)
    {
        if (Sse.IsSupported)
        {
            Sse.Prefetch0(rows[0] + ahead);
            Sse.Prefetch0(rows[1] + ahead);
            Sse.Prefetch0(rows[2] + ahead);
            Sse.Prefetch0(rows[3] + ahead);
        }
    }

    /// <summary>Fetches the scales and biases of a table's groups, or of as many bytes, of the block after this.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    protected static void FetchTables(in Int4Rows rows, int group)
    {
        if (Sse.IsSupported)
        {
            nint offset = (nint)Rows * (rows.Groups + group);
            for (int i = 0; i < Rows * Int4RowScratch.TableGroups; i += LineBytes / sizeof(ushort))
            {
                Sse.Prefetch0(rows.Scales + offset + i);
                Sse.Prefetch0(rows.Biases + offset + i);
            }
        }
    }
}
