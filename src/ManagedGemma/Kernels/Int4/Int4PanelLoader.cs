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

        Int4Rows.Point(rows.Scales, rows.Groups * sizeof(ushort), rows.Count, pointers, Rows);
        Int4GroupFloats<TTranspose>.Load(pointers, rows.Groups, first, groups, Rows, panel.Scales);
        Int4Rows.Point(rows.Biases, rows.Groups * sizeof(ushort), rows.Count, pointers, Rows);
        Int4GroupFloats<TTranspose>.Load(pointers, rows.Groups, first, groups, Rows, panel.Biases);
    }
}
