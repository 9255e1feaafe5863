using System.Runtime.CompilerServices;

namespace ManagedGemma.Kernels.Int4;

/// <summary>Scales or biases of some groups of rows side by side as floats, [group][row].</summary>
/// <typeparam name="TTranspose">The instructions that transpose.</typeparam>
internal static unsafe class Int4GroupFloats<TTranspose>
    where TTranspose : struct, IWordTranspose
{
    // Two bf16 in each word.
    private const int AtOnce = 2 * IWordTranspose.Words;

    /// <summary>
    /// Fills a table with groups <paramref name="first"/> .. first + <paramref name="groups"/> − 1. Sixteen are transposed at once, all within
    /// the rows: those that are not wanted are written too, so that before and behind the target there is room for as many.
    /// </summary>
    /// <param name="rows">Pointers to the rows' scales or biases.</param>
    /// <param name="rowGroups">Groups of a row.</param>
    /// <param name="first">The first group.</param>
    /// <param name="groups">At least 1.</param>
    /// <param name="side">Rows side by side, a multiple of the vector's.</param>
    /// <param name="target">The first group's floats.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Load(byte** rows, int rowGroups, int first, int groups, int side, float* target)
    {
        if (rowGroups < AtOnce)
        {
            for (int group = 0; group < groups; group++)
            {
                for (int row = 0; row < side; row++)
                {
                    target[(group * side) + row] = Int4Rows.Widen(((ushort*)rows[row])[first + group]);
                }
            }

            return;
        }

        for (int next = 0; next < groups; next += AtOnce)
        {
            int group = Math.Min(next, rowGroups - AtOnce - first);
            nint offset = (first + group) * sizeof(ushort);
            for (int row = 0; row < side; row += TTranspose.Rows)
            {
                TTranspose.EightWords<WidenStore>(rows + row, offset, (uint*)target + (group * side) + row, 2 * side);
            }
        }
    }
}
