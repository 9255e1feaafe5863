namespace ManagedGemma.Kernels.Int4;

/// <summary>
/// Row kernel (dequant-matvec), for few tokens: streams MLX's rows where they lie, at the speed of memory. The bits are those of
/// <see cref="IInt4Panel"/>, so that whichever is faster may be taken.
/// </summary>
internal unsafe interface IInt4Row
{
    /// <summary>
    /// Tokens of a call at most, so many as this kernel is the faster one for. Measured by <c>bench/run slice --tokens 8,12,13</c>
    /// (Xeon, Emerald Rapids): with 8 or 13 about the same as the panel kernel, with 9 to 12, which leave much of its second tile empty, up to
    /// 1.5 times its rate.
    /// </summary>
    const int MostTokens = 12;

    /// <summary>Scratch that a call needs.</summary>
    nuint ScratchBytes { get; }

    /// <summary>Multiplies rows of weights with all tokens: y[token, row] for each row of <paramref name="rows"/>.</summary>
    /// <param name="rows">Any number of rows.</param>
    /// <param name="x">
    /// 1 .. <see cref="MostTokens"/> tokens' activations in row form, of this kernel's type and of as many groups as the rows have.
    /// </param>
    /// <param name="scratch">64-byte aligned; used only during the call.</param>
    /// <param name="y">The first row's output for token 0.</param>
    /// <param name="yStride">Floats from a token's outputs to the next's.</param>
    void Multiply(in Int4Rows rows, QuantizedActivations x, byte* scratch, float* y, nint yStride);
}
