namespace ManagedGemma.Kernels.Int4;

/// <summary>
/// Panel kernel, for many tokens: some rows of 4-bit weights are transposed into scratch so that a vector holds one word of
/// each, and all tokens pass over them. Per output and group of 64, in ascending order:
/// <c>acc = fma(float(Σ q_w·q_x) · scale_x, scale_w, acc)</c>, then <c>acc = fma(scale_x·Σ q_x, bias_w, acc)</c>. With 8-bit
/// activations the integer sum takes each half's multiple in, Σ m·q_w·q_x, and the token's unit comes last: below 2³¹ a group, so
/// that no sum overflows while groups times the largest scale stay under 2⁹⁶. Integer sums are exact, so every instruction set gives the
/// same bits.
/// </summary>
internal unsafe interface IInt4Panel
{
    /// <summary>
    /// Panels of one call at most: together they stay in the second-level cache, and a tile of activations that came from further
    /// away passes over all of them.
    /// </summary>
    const int MostPanels = 4;

    /// <summary>Rows of a panel; a call is fastest with whole panels.</summary>
    int PanelRows { get; }

    /// <summary>Scratch that a call needs for rows of some groups and a number of tokens.</summary>
    nuint ScratchBytes(int groups, int tokens);

    /// <summary>Multiplies rows of weights with some tokens: y[token, row] for each row of <paramref name="rows"/>.</summary>
    /// <param name="rows">1 .. <see cref="PanelRows"/> · <see cref="MostPanels"/> rows.</param>
    /// <param name="x">Activations in panel form, of this kernel's type and of as many groups as the rows have.</param>
    /// <param name="tokens">Those of <paramref name="x"/> that are meant.</param>
    /// <param name="scratch">64-byte aligned; used only during the call.</param>
    /// <param name="y">The first row's output for the first of <paramref name="tokens"/>.</param>
    /// <param name="yStride">Floats from a token's outputs to the next's.</param>
    void Multiply(in Int4Rows rows, QuantizedActivations x, TokenRange tokens, byte* scratch, float* y, nint yStride);
}
