using System.Runtime.Intrinsics;

namespace ManagedGemma.Kernels.Int4;

/// <summary>The nibbles of sixteen words in up to four vectors: with 16-bit activations the pairs (i, i + 4), with 8-bit ones the even and the odd nibbles in the first two.</summary>
internal readonly struct WordNibbles512(Vector512<int> first, Vector512<int> second, Vector512<int> third, Vector512<int> fourth)
{
    /// <summary>Pair 0, or nibbles 0, 2, 4, 6.</summary>
    public readonly Vector512<int> First = first;

    /// <summary>Pair 1, or nibbles 1, 3, 5, 7.</summary>
    public readonly Vector512<int> Second = second;

    /// <summary>Pair 2.</summary>
    public readonly Vector512<int> Third = third;

    /// <summary>Pair 3.</summary>
    public readonly Vector512<int> Fourth = fourth;
}
