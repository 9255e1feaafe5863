using System.Runtime.CompilerServices;

namespace ManagedGemma.Kernels.Int4;

/// <summary>
/// Consecutive output rows of a matrix in MLX's affine 4-bit layout with groups of 64, as they lie in the mapped file.
/// A row is <see cref="Groups"/> groups; a group is 8 little-endian words of 8 weights, lowest nibble first, with one bf16
/// scale and one bf16 bias: w = scale·q + bias, q in 0..15. No pointer needs alignment.
/// </summary>
internal readonly unsafe struct Int4Rows(uint* words, ushort* scales, ushort* biases, int count, int groups)
{
    /// <summary>Weights in a group.</summary>
    public const int GroupSize = 64;

    /// <summary>Words in a group.</summary>
    public const int GroupWords = GroupSize / 8;

    /// <summary>[Count, Groups·8] words.</summary>
    public uint* Words => words;

    /// <summary>[Count, Groups] bf16.</summary>
    public ushort* Scales => scales;

    /// <summary>[Count, Groups] bf16.</summary>
    public ushort* Biases => biases;

    /// <summary>The number of rows.</summary>
    public int Count => count;

    /// <summary>Groups in a row.</summary>
    public int Groups => groups;

    /// <summary>A bf16 as the float of the same value.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Widen(ushort bits) => BitConverter.Int32BitsToSingle(bits << 16);

    /// <summary>Pointers to rows side by side; where fewer are left than fit, the last one stands in for the missing ones.</summary>
    /// <param name="first">Where the first begins.</param>
    /// <param name="byteStride">From a row to the next.</param>
    /// <param name="count">Of rows.</param>
    /// <param name="pointers">Of <paramref name="places"/> pointers.</param>
    /// <param name="places">How many fit.</param>
    public static void Point(void* first, nint byteStride, int count, byte** pointers, int places)
    {
        for (int row = 0; row < places; row++)
        {
            pointers[row] = (byte*)first + (Math.Min(row, count - 1) * byteStride);
        }
    }

    /// <summary>The rows of a panel, fewer at the end.</summary>
    public Int4Rows Panel(int index, int panelRows) => Slice(index * panelRows, Math.Min(panelRows, count - (index * panelRows)));

    /// <summary>Rows first .. first + length - 1.</summary>
    public Int4Rows Slice(int first, int length) =>
        new(words + ((nint)first * groups * GroupWords), scales + ((nint)first * groups), biases + ((nint)first * groups), length, groups);
}
