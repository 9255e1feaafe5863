using System.Runtime.CompilerServices;

namespace ManagedGemma.Kernels.Int4;

/// <summary>
/// Lays some groups of two vectors of rows side by side in scratch: a word's even nibbles as bytes [group·8 + word][row], its odd ones
/// behind them, so that no tile has to take them apart; scales and biases [group][row] as floats.
/// Where fewer rows are left than fit, the last one stands in for the missing ones.
/// </summary>
/// <typeparam name="TTranspose">The instructions that transpose.</typeparam>
internal static unsafe class Int4PanelLoader<TTranspose>
    where TTranspose : struct, IWordTranspose
{
    // Of the widest vectors.
    private const int MostRows = 32;

    /// <summary>Rows side by side.</summary>
    public static int Rows => 2 * TTranspose.Rows;

    /// <summary>Fills a chunk of a panel with groups <paramref name="first"/> .. first + <paramref name="groups"/> − 1.</summary>
    [MethodImpl(KernelMethod.Options)]
    public static void Load(in Int4Rows rows, int first, int groups, in Int4PanelScratch panel)
    {
        byte** pointers = stackalloc byte*[MostRows];
        Int4Rows.Point(rows.Words, rows.Groups * Int4Rows.GroupWords * sizeof(uint), rows.Count, pointers, Rows);
        for (int group = 0; group < groups; group++)
        {
            uint* target = panel.Nibbles + ((nint)group * 2 * Int4Rows.GroupWords * Rows);
            nint offset = (nint)(first + group) * Int4Rows.GroupWords * sizeof(uint);
            TTranspose.EightWords<NibbleStore>(pointers, offset, target, 2 * Rows);
            TTranspose.EightWords<NibbleStore>(pointers + TTranspose.Rows, offset, target + TTranspose.Rows, 2 * Rows);
        }

        LoadFloats(rows.Scales, first, groups, rows, pointers, panel.Scales);
        LoadFloats(rows.Biases, first, groups, rows, pointers, panel.Biases);
    }

    // Two bf16 make a word; each transposed word gives two floats. Sixteen groups at a time, all within the rows: those that are not
    // wanted go into the room beside the table.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void LoadFloats(ushort* source, int first, int groups, in Int4Rows rows, byte** pointers, float* target)
    {
        const int AtOnce = Int4PanelScratch.RoomGroups;
        Int4Rows.Point(source, rows.Groups * sizeof(ushort), rows.Count, pointers, Rows);
        if (rows.Groups < AtOnce)
        {
            for (int group = 0; group < groups; group++)
            {
                for (int row = 0; row < Rows; row++)
                {
                    target[(group * Rows) + row] = Int4Rows.Widen(((ushort*)pointers[row])[first + group]);
                }
            }

            return;
        }

        for (int next = 0; next < groups; next += AtOnce)
        {
            int group = Math.Min(next, rows.Groups - AtOnce - first);
            uint* floats = (uint*)target + (group * Rows);
            nint offset = (first + group) * sizeof(ushort);
            TTranspose.EightWords<WidenStore>(pointers, offset, floats, 2 * Rows);
            TTranspose.EightWords<WidenStore>(pointers + TTranspose.Rows, offset, floats + TTranspose.Rows, 2 * Rows);
        }
    }
}
