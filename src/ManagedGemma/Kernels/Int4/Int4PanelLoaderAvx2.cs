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
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
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

        LoadFloats(rows.Scales + first, groups, rows, pointers, panel.Scales);
        LoadFloats(rows.Biases + first, groups, rows, pointers, panel.Biases);
    }

    private static void Point(void* first, nint byteStride, int count, byte** pointers)
    {
        for (int row = 0; row < Rows; row++)
        {
            pointers[row] = (byte*)first + (Math.Min(row, count - 1) * byteStride);
        }
    }

    // Two bf16 make a word; each transposed word gives two floats.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void LoadFloats(ushort* source, int groups, in Int4Rows rows, byte** pointers, float* target)
    {
        uint* words = stackalloc uint[8 * Rows];
        Point(source, rows.Groups * sizeof(ushort), rows.Count, pointers);
        if (groups < PairedGroups)
        {
            for (int group = 0; group < groups; group++)
            {
                for (int row = 0; row < Rows; row++)
                {
                    target[(group * Rows) + row] = Int4Rows.Widen(((ushort*)pointers[row])[group]);
                }
            }

            return;
        }

        for (int first = 0; first < groups; first += PairedGroups)
        {
            // The last sixteen end with the last group, so some may be transposed twice.
            int group = Math.Min(first, groups - PairedGroups);
            Transpose.EightWords<WordStore>(pointers, group * sizeof(ushort), words, Rows);
            Transpose.EightWords<WordStore>(pointers + Transpose.Rows, group * sizeof(ushort), words + Transpose.Rows, Rows);
            for (int word = 0; word < 8; word++)
            {
                uint* low = (uint*)target + ((group + (2 * word)) * Rows);
                for (int row = 0; row < Rows; row += VecU.Count)
                {
                    VecU pair = Vec.Load(words + (word * Rows) + row);
                    (pair << 16).Store(low + row);
                    (pair & Vec.Create(0xFFFF0000)).Store(low + Rows + row);
                }
            }
        }
    }
}
