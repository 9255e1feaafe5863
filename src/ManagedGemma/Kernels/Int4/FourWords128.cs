using System.Runtime.Intrinsics;

namespace ManagedGemma.Kernels.Int4;

/// <summary>Four words of four rows, a half group: a vector holds a word of each.</summary>
internal readonly struct FourWords128(Vector128<int> first, Vector128<int> second, Vector128<int> third, Vector128<int> fourth)
{
    /// <summary>Word 0.</summary>
    public readonly Vector128<int> First = first;

    /// <summary>Word 1.</summary>
    public readonly Vector128<int> Second = second;

    /// <summary>Word 2.</summary>
    public readonly Vector128<int> Third = third;

    /// <summary>Word 3.</summary>
    public readonly Vector128<int> Fourth = fourth;
}
