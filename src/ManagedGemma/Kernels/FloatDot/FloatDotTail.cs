using System.Runtime.Intrinsics;

namespace ManagedGemma.Kernels.FloatDot;

/// <summary>What the vector dot products share: the last columns, and the last sums.</summary>
internal static unsafe class FloatDotTail
{
    /// <summary>Copies fewer than 64 columns of each, zeros behind them: 64 of w, then 64 of x.</summary>
    public static void Pad(float* w, float* x, int columns, float* padded)
    {
        Span<float> both = new(padded, 2 * IFloatDot.Sums);
        both.Clear();
        new ReadOnlySpan<float>(w, columns).CopyTo(both);
        new ReadOnlySpan<float>(x, columns).CopyTo(both[IFloatDot.Sums..]);
    }

    /// <summary>The upper half added to the lower, three times.</summary>
    public static float Halve(Vector256<float> sums)
    {
        Vector128<float> four = sums.GetLower() + sums.GetUpper();
        return (four[0] + four[2]) + (four[1] + four[3]);
    }
}
