using System.Runtime.CompilerServices;

namespace ManagedGemma.Kernels.Int4;

/// <summary>Scales and biases of some groups of a vector of rows as floats, [group][scales, biases].</summary>
/// <typeparam name="TTranspose">The instructions that transpose.</typeparam>
internal static unsafe class Int4RowTable<TTranspose>
    where TTranspose : struct, IWordTranspose
{
    // Of the widest vectors.
    private const int MostRows = 16;

    // Two bf16 in each of eight words.
    private const int Groups = Int4RowScratch.TableGroups;

    /// <summary>Rows side by side.</summary>
    public static int Rows => TTranspose.Rows;

    /// <summary>Floats from a group's to the next's.</summary>
    public static int Stride => 2 * TTranspose.Rows;

    /// <summary>Fills a table that holds the groups from one on, as many as fit or are left.</summary>
    /// <param name="rows">Where fewer are left than fit, the last one stands in for the missing ones.</param>
    /// <param name="group">The first group.</param>
    /// <param name="table">[<see cref="Int4RowScratch.TableGroups"/>][2][<see cref="Rows"/>].</param>
    /// <returns>Where the first group's scales are.</returns>
    [MethodImpl(KernelMethod.Options)]
    public static float* Load(in Int4Rows rows, int group, float* table)
    {
        // The last sixteen groups end with the row.
        int first = Math.Max(0, Math.Min(group, rows.Groups - Groups));
        Load(rows.Scales, rows, first, table);
        Load(rows.Biases, rows, first, table + Rows);
        return table + ((group - first) * Stride);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Load(ushort* source, in Int4Rows rows, int first, float* table)
    {
        byte** pointers = stackalloc byte*[MostRows];
        Int4Rows.Point(source, rows.Groups * sizeof(ushort), rows.Count, pointers, Rows);
        if (rows.Groups >= Groups)
        {
            TTranspose.EightWords<WidenStore>(pointers, first * sizeof(ushort), (uint*)table, 2 * Stride);
            return;
        }

        for (int i = 0; i < rows.Groups; i++)
        {
            for (int row = 0; row < Rows; row++)
            {
                table[(i * Stride) + row] = Int4Rows.Widen(((ushort*)pointers[row])[i]);
            }
        }
    }
}
