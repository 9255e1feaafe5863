using System.Runtime.Intrinsics;

namespace ManagedGemma.Kernels.Int4;

/// <summary>
/// What becomes of a vector of transposed words: one vector at the target, or two, the other one <c>second</c> words behind it.
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
