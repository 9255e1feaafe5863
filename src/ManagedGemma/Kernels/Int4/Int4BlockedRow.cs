using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace ManagedGemma.Kernels.Int4;

/// <summary>What all vector row kernels share: blocks of rows whose sums lie side by side, and a table of some groups' scales and biases.</summary>
/// <typeparam name="TTranspose">The instructions that transpose.</typeparam>
internal abstract unsafe class Int4BlockedRow<TTranspose> : IInt4Row
    where TTranspose : struct, IWordTranspose
{
    /// <summary>Rows of a block.</summary>
    protected const int Rows = Int4RowScratch.Rows;

    private const int TableGroups = Int4RowScratch.TableGroups;
    private const int LineBytes = 64;
    private const int AheadBytes = 4 * LineBytes;

    public nuint ScratchBytes => Int4RowScratch.Bytes;

    [MethodImpl(KernelMethod.Options)]
    public void Multiply(in Int4Rows rows, QuantizedActivations x, byte* scratch, float* y, nint yStride)
    {
        Int4RowScratch block = new(scratch);
        byte** pointers = stackalloc byte*[3 * Rows], words = pointers, scales = words + Rows, biases = scales + Rows;
        nint rowWords = (nint)rows.Groups * Int4Rows.GroupWords * sizeof(uint), rowScales = (nint)rows.Groups * sizeof(ushort);
        for (int first = 0; first < rows.Count; first += Rows)
        {
            int count = Math.Min(Rows, rows.Count - first);
            Int4Rows blockRows = rows.Slice(first, count);
            Int4Rows.Point(blockRows.Words, rowWords, count, words, Rows);
            Int4Rows.Point(blockRows.Scales, rowScales, count, scales, Rows);
            Int4Rows.Point(blockRows.Biases, rowScales, count, biases, Rows);
            new Span<float>(block.Sums, x.Tokens * Rows).Clear();
            for (int group = 0; group < rows.Groups; group += TableGroups)
            {
                int groups = Math.Min(TableGroups, rows.Groups - group);
                Int4GroupFloats<TTranspose>.Load(scales, rows.Groups, group, groups, Rows, block.Scales);
                Int4GroupFloats<TTranspose>.Load(biases, rows.Groups, group, groups, Rows, block.Biases);
                FetchTables(blockRows, group);
                Add(words, group, groups, x, block);
            }

            for (int token = 0; token < x.Tokens; token++)
            {
                // Sums of 8-bit activations are in units of their token.
                float unit = x.Type == ActivationType.Int16 ? 1 : x.Units[token];
                Int4PanelScratch.Copy(block.Sums + (token * Rows), unit, y + (token * yStride) + first, count);
            }
        }
    }

    /// <summary>Adds the products of some groups to the block's sums.</summary>
    /// <param name="words">Pointers to <see cref="Rows"/> rows; may be changed.</param>
    /// <param name="first">The first group, an even number.</param>
    /// <param name="groups">Those whose scales and biases are in the block's tables.</param>
    /// <param name="x">All tokens.</param>
    /// <param name="block">What of scratch belongs to what.</param>
    protected abstract void Add(byte** words, int first, int groups, QuantizedActivations x, in Int4RowScratch block);

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

    // The scales and biases of a table's groups, or of as many bytes, of the block after this.
    private static void FetchTables(in Int4Rows rows, int group)
    {
        if (Sse.IsSupported)
        {
            nint offset = (nint)Rows * (rows.Groups + group);
            for (int i = 0; i < Rows * TableGroups; i += LineBytes / sizeof(ushort))
            {
                Sse.Prefetch0(rows.Scales + offset + i);
                Sse.Prefetch0(rows.Biases + offset + i);
            }
        }
    }
}
