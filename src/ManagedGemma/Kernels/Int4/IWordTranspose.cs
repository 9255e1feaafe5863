namespace ManagedGemma.Kernels.Int4;

/// <summary>Transposition of 8 words of as many rows as a vector has lanes: vector w holds word w of each.</summary>
internal unsafe interface IWordTranspose
{
    /// <summary>Words that are transposed at once.</summary>
    const int Words = 8;

    /// <summary>The number of rows side by side.</summary>
    static abstract int Rows { get; }

    /// <summary>Transposes.</summary>
    /// <typeparam name="TStore">What of a vector is stored, and how.</typeparam>
    /// <param name="rows">Pointers to rows; unaligned, possibly the same row several times.</param>
    /// <param name="byteOffset">Where the 8 words begin in each row.</param>
    /// <param name="target">Vector 0.</param>
    /// <param name="stride">Words from a vector to the next; where each gives two, the second lies half way.</param>
    static abstract void EightWords<TStore>(byte** rows, nint byteOffset, uint* target, nint stride)
        where TStore : struct, IWordStore;
}
