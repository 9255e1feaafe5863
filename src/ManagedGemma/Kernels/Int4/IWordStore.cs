using System.Runtime.Intrinsics;

namespace ManagedGemma.Kernels.Int4;

/// <summary>
/// What becomes of a vector of transposed words: one vector, or two, the second so many words further that it lies half way to the next.
/// </summary>
internal unsafe interface IWordStore
{
    /// <summary>Stores words of four rows.</summary>
    static abstract void Store(Vector128<uint> words, uint* target, nint second);

    /// <summary>Stores words of eight rows.</summary>
    static abstract void Store(Vector256<uint> words, uint* target, nint second);

    /// <summary>Stores words of sixteen rows.</summary>
    static abstract void Store(Vector512<uint> words, uint* target, nint second);
}
