using System.Runtime.Intrinsics;

namespace ManagedGemma.Kernels.Int4;

/// <summary>Products of sixteen words of weights with one token's activations of a type, in the order that <see cref="QuantizedActivations"/> has them.</summary>
internal unsafe interface IWordDots512
{
    /// <summary>Dwords of a token's activations in a block of two groups.</summary>
    static abstract int BlockDwords { get; }

    /// <summary>Takes the nibbles of sixteen words apart as the activations lie.</summary>
    static abstract WordNibbles512 Split(Vector512<int> words);

    /// <summary>Σ q_w·q_x of each word, exact.</summary>
    /// <param name="weights">From <see cref="Split"/>.</param>
    /// <param name="x">The block's activations.</param>
    static abstract Vector512<float> Dots(WordNibbles512 weights, int* x);
}
