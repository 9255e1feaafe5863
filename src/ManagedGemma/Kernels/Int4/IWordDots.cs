namespace ManagedGemma.Kernels.Int4;

/// <summary>
/// Products of a vector of words of four rows with one token's activations of a type, in the order that <see cref="QuantizedActivations"/>
/// has them. Four words, 128 bits, are half a group.
/// </summary>
/// <typeparam name="TInt">A vector of dwords.</typeparam>
/// <typeparam name="TFloat">As many floats.</typeparam>
internal unsafe interface IWordDots<TInt, TFloat>
{
    /// <summary>Takes the nibbles of four rows' words apart, for all tokens that meet them.</summary>
    static abstract Four<Four<TInt>> Split(Four<TInt> rows);

    /// <summary>Σ q_w·q_x of half groups: in each 128 bits those of the four rows, in whatever <see cref="Sum"/> takes. Exact.</summary>
    /// <param name="rows">From <see cref="Split"/>.</param>
    /// <param name="x">The token's activations that meet the words.</param>
    static abstract TInt Dots(Four<Four<TInt>> rows, int* x);

    /// <summary>A group's products, rows side by side, times the token's scale where that is a float, its multiples where it has those.</summary>
    /// <param name="first">From <see cref="Dots"/>: the first half groups of as many rows as a vector has lanes.</param>
    /// <param name="second">The second ones.</param>
    /// <param name="scale">The token's, of the group.</param>
    static abstract TFloat Sum(TInt first, TInt second, int* scale);
}
