using System.Runtime.CompilerServices;

namespace ManagedGemma.Kernels.Int4;

/// <summary>Scales or biases of some groups of a row kernel's rows as floats, [group][row].</summary>
/// <typeparam name="TTranspose">The instructions that transpose.</typeparam>
internal static unsafe class Int4RowTable<TTranspose>
    where TTranspose : struct, IWordTranspose
{
    private const int Rows = Int4BlockedRow.Rows;

    // Two bf16 in each of eight words.
    private const int Groups = Int4RowScratch.TableGroups;

    /// <summary>Fills a table that holds the groups from one on, as many as fit or are left.</summary>
    /// <param name="source">The scales or biases of <paramref name="rows"/>.</param>
    /// <param name="rows">Where fewer are left than fit, the last one stands in for the missing ones.</param>
    /// <param name="group">The first group.</param>
    /// <param name="table">[<see cref="Int4RowScratch.TableGroups"/>][<see cref="Int4BlockedRow.Rows"/>].</param>
    /// <returns>Where the first group is.</returns>
    [MethodImpl(KernelMethod.Options)]
    public static float* Load(ushort* source, in Int4Rows rows, int group, float* table)
    {
        byte** pointers = stackalloc byte*[Rows];
        Int4Rows.Point(source, rows.Groups * sizeof(ushort), rows.Count, pointers, Rows);
        if (rows.Groups < Groups)
        {
            for (int i = 0; i < rows.Groups; i++)
            {
                for (int row = 0; row < Rows; row++)
                {
                    table[(i * Rows) + row] = Int4Rows.Widen(((ushort*)pointers[row])[i]);
                }
            }

            return table;
        }

        // The last sixteen groups end with the row.
        int first = Math.Min(group, rows.Groups - Groups);
        for (int row = 0; row < Rows; row += TTranspose.Rows)
        {
            TTranspose.EightWords<RowWidenStore>(pointers + row, first * sizeof(ushort), (uint*)table + row, 2 * Rows);
        }

        return table + ((group - first) * Rows);
    }
}
