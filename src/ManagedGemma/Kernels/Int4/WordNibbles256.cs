using System.Runtime.Intrinsics;

namespace ManagedGemma.Kernels.Int4;

/// <summary>The nibbles of eight words in up to four vectors: with 16-bit activations the pairs (i, i + 4), with 8-bit ones the even and the odd nibbles in the first two.</summary>
internal readonly struct WordNibbles256(Vector256<int> first, Vector256<int> second, Vector256<int> third, Vector256<int> fourth)
{
    /// <summary>Pair 0, or nibbles 0, 2, 4, 6.</summary>
    public readonly Vector256<int> First = first;

    /// <summary>Pair 1, or nibbles 1, 3, 5, 7.</summary>
    public readonly Vector256<int> Second = second;

    /// <summary>Pair 2.</summary>
    public readonly Vector256<int> Third = third;

    /// <summary>Pair 3.</summary>
    public readonly Vector256<int> Fourth = fourth;
}
