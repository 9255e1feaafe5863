namespace ManagedGemma.Kernels.Int4;

/// <summary>
/// Row kernel (dequant-matvec), for few tokens: streams MLX's rows as they lie, at the speed of memory. Sixteen sums, one for
/// each word of a block of two groups, in ascending order of blocks: <c>p = fma(float(Σ q_w·q_x) · scale_x, scale_w, p)</c>. Biases apart,
/// 32 groups at a time: group 2i (even) and 2i+1 (odd) add to sum i, <c>e = fma(bias_w, scale_x·Σ q_x, e)</c> and o likewise. At the end
/// p + (e + o), halved by adding the upper half to the lower four times. Every instruction set gives the same bits; they differ from the
/// panel kernel's in the last place.
/// </summary>
internal unsafe interface IInt4Row
{
    /// <summary>Multiplies rows of weights with all tokens: y[token, row] for each row of <paramref name="rows"/>.</summary>
    /// <param name="rows">Any number of rows.</param>
    /// <param name="x">Activations in row form, of this kernel's type and of as many groups as the rows have.</param>
    /// <param name="y">The first row's output for token 0.</param>
    /// <param name="yStride">Floats from a token's outputs to the next's.</param>
    void Multiply(in Int4Rows rows, QuantizedActivations x, float* y, nint yStride);
}
