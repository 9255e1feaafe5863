using System.Runtime.Intrinsics;

namespace ManagedGemma.Kernels.Int4;

/// <summary>Products of eight words of four rows with one token's activations of a type, in the order that <see cref="QuantizedActivations"/> has them.</summary>
internal unsafe interface IWordDots256
{
    /// <summary>Dwords of a token's activations in a block of two groups.</summary>
    static abstract int BlockDwords { get; }

    /// <summary>A token's scales in a group.</summary>
    static abstract int GroupScales { get; }

    /// <summary>Vectors that <see cref="LayOut"/> makes.</summary>
    static abstract int LaidOut { get; }

    /// <summary>Lays out a token's group as <see cref="Dots"/> takes it, for all rows that meet it.</summary>
    /// <param name="x">The group's activations.</param>
    /// <param name="scales">The group's scales.</param>
    /// <param name="to">Aligned.</param>
    static abstract void LayOut(int* x, int* scales, Vector256<int>* to);

    /// <summary>Takes the nibbles of four rows' eight words apart, for all tokens that meet them.</summary>
    static abstract FourRows256 Split(Vector256<int> r0, Vector256<int> r1, Vector256<int> r2, Vector256<int> r3);

    /// <summary>Σ q_w·q_x of four words, a half group, times what of its scale is integer: in each 128 bits those of four rows. Exact.</summary>
    /// <param name="weights">From <see cref="Split"/>.</param>
    /// <param name="x">From <see cref="LayOut"/>.</param>
    static abstract Vector256<int> Dots(FourRows256 weights, Vector256<int>* x);

    /// <summary>Sums of a group, times its scale where that is a float.</summary>
    static abstract Vector256<float> Scale(Vector256<int> dots, int* scale);
}
