using System.Runtime.Intrinsics;

namespace ManagedGemma.Kernels.Int4;

/// <summary>Products of four words of four rows with one token's activations of a type, in the order that <see cref="QuantizedActivations"/> has them.</summary>
internal unsafe interface IWordDots128
{
    /// <summary>Dwords of a token's activations in a block of two groups.</summary>
    static abstract int BlockDwords { get; }

    /// <summary>A token's scales in a group.</summary>
    static abstract int GroupScales { get; }

    /// <summary>Σ q_w·q_x of four words, a half group, times what of its scale is integer: those of four rows. Exact.</summary>
    /// <param name="weights">Words as they lie, transposed.</param>
    /// <param name="x">The half group's activations.</param>
    /// <param name="scales">The group's scales.</param>
    /// <param name="half">Which half, 0 or 1.</param>
    static abstract Vector128<int> Dots(FourWords128 weights, int* x, int* scales, int half);

    /// <summary>Sums of a group, times its scale where that is a float.</summary>
    static abstract Vector128<float> Scale(Vector128<int> dots, int* scale);
}
