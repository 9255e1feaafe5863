using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Transpose = ManagedGemma.Kernels.Int4.WordTransposeAvx2;
using Vec = System.Runtime.Intrinsics.Vector256;
using VecU = System.Runtime.Intrinsics.Vector256<uint>;

namespace ManagedGemma.Kernels.Int4;

/// <summary>
/// Lays some groups of two vectors of rows side by side in scratch: a word's even nibbles as bytes [group·8 + word][row], its odd ones
/// behind them, so that no tile has to take them apart; scales and biases [group][row] as floats.
/// Where fewer rows are left than fit, the last one stands in for the missing ones.
/// </summary>
internal static unsafe class Int4PanelLoaderAvx2
{
    /// <summary>Rows side by side.</summary>
    public const int Rows = 2 * Transpose.Rows;

    // Groups whose scales are transposed at once: two bf16 in each of eight words.
    private const int PairedGroups = 16;

    /// <summary>Fills a chunk of a panel with groups <paramref name="first"/> .. first + <paramref name="groups"/> − 1.</summary>
    [MethodImpl(KernelMethod.Options)]
    public static void Load(in Int4Rows rows, int first, int groups, in Int4PanelScratch panel)
    {
        byte** pointers = stackalloc byte*[Rows];
        Point(rows.Words, rows.Groups * Int4Rows.GroupWords * sizeof(uint), rows.Count, pointers);
        for (int group = 0; group < groups; group++)
        {
            uint* target = panel.Nibbles + ((nint)group * 2 * Int4Rows.GroupWords * Rows);
            nint offset = (nint)(first + group) * Int4Rows.GroupWords * sizeof(uint);
            Transpose.EightWords<NibbleStore>(pointers, offset, target, 2 * Rows);
            Transpose.EightWords<NibbleStore>(pointers + Transpose.Rows, offset, target + Transpose.Rows, 2 * Rows);
        }

        LoadFloats(rows.Scales, first, groups, rows, pointers, panel.Scales);
        LoadFloats(rows.Biases, first, groups, rows, pointers, panel.Biases);
    }

    private static void Point(void* first, nint byteStride, int count, byte** pointers)
    {
        for (int row = 0; row < Rows; row++)
        {
            pointers[row] = (byte*)first + (Math.Min(row, count - 1) * byteStride);
        }
    }

    // Two bf16 make a word; each transposed word gives two floats. Sixteen groups at a time, which end with the last one wanted:
    // those before the first one wanted are not stored.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void LoadFloats(ushort* source, int first, int groups, in Int4Rows rows, byte** pointers, float* target)
    {
        uint* words = stackalloc uint[8 * Rows];
        Point(source, rows.Groups * sizeof(ushort), rows.Count, pointers);
        if (rows.Groups < PairedGroups)
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

        for (int end = first + groups; end > first; end -= PairedGroups)
        {
            int begin = Math.Max(end - PairedGroups, 0);
            Transpose.EightWords<WordStore>(pointers, begin * sizeof(ushort), words, Rows);
            Transpose.EightWords<WordStore>(pointers + Transpose.Rows, begin * sizeof(ushort), words + Transpose.Rows, Rows);
            for (int group = Math.Max(begin, first); group < Math.Min(begin + PairedGroups, first + groups); group++)
            {
                uint* pair = words + ((group - begin) / 2 * Rows);
                uint* floats = (uint*)target + ((group - first) * Rows);
                int shift = ((group - begin) & 1) == 0 ? 16 : 0;
                for (int row = 0; row < Rows; row += VecU.Count)
                {
                    ((Vec.Load(pair + row) << shift) & Vec.Create(0xFFFF0000)).Store(floats + row);
                }
            }
        }
    }
}
