using System.Runtime.Intrinsics;

namespace ManagedGemma.Kernels.Int4;

/// <summary>Products of sixteen words of four rows with one token's activations of a type, in the order that <see cref="QuantizedActivations"/> has them.</summary>
internal unsafe interface IWordDots512
{
    /// <summary>Dwords of a token's activations in a block of two groups.</summary>
    static abstract int BlockDwords { get; }

    /// <summary>A token's scales in a group.</summary>
    static abstract int GroupScales { get; }

    /// <summary>Vectors that <see cref="LayOut"/> makes.</summary>
    static abstract int LaidOut { get; }

    /// <summary>Lays out a token's block as <see cref="Dots"/> takes it, for all rows that meet it.</summary>
    /// <param name="x">The block's activations.</param>
    /// <param name="scales">The block's scales.</param>
    /// <param name="to">Aligned.</param>
    static abstract void LayOut(int* x, int* scales, Vector512<int>* to);

    /// <summary>Takes the nibbles of four rows' sixteen words apart, for all tokens that meet them.</summary>
    static abstract FourRows512 Split(Vector512<int> r0, Vector512<int> r1, Vector512<int> r2, Vector512<int> r3);

    /// <summary>Σ q_w·q_x of four words, a half group, times what of its scale is integer: in each 128 bits those of four rows. Exact.</summary>
    /// <param name="weights">From <see cref="Split"/>.</param>
    /// <param name="x">From <see cref="LayOut"/>.</param>
    static abstract Vector512<int> Dots(FourRows512 weights, Vector512<int>* x);

    /// <summary>Sums of a group, times its scale where that is a float.</summary>
    static abstract Vector512<float> Scale(Vector512<int> dots, int* scale);
}
