using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

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

    /// <summary>Groups whose biases row kernels take at once: a vector of pairs of them.</summary>
    public const int SumGroups = 32;

    /// <summary>
    /// How far ahead row kernels prefetch: rows follow each other in memory, and beyond the last byte a prefetch does nothing.
    /// Measured on Zen 5: 8 and 16 KiB the same, 1 KiB a fifth slower, none a third.
    /// </summary>
    public const int PrefetchBytes = 8 << 10;

    /// <summary>
    /// Fetches the scales and biases of the row after the next. Without it a row waits for its biases, which are read all at once: at
    /// 15360 columns a quarter of the time (Zen 5).
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void PrefetchGroups(ushort* scales, ushort* biases, int groups)
    {
        for (int group = 2 * groups; group < 3 * groups; group += SumGroups)
        {
            Sse.Prefetch0(scales + group);
            Sse.Prefetch0(biases + group);
        }
    }

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

    /// <summary>The rows of a panel, fewer at the end.</summary>
    public Int4Rows Panel(int index, int panelRows) => Slice(index * panelRows, Math.Min(panelRows, count - (index * panelRows)));

    /// <summary>Rows first .. first + length - 1.</summary>
    public Int4Rows Slice(int first, int length) =>
        new(words + ((nint)first * groups * GroupWords), scales + ((nint)first * groups), biases + ((nint)first * groups), length, groups);
}
