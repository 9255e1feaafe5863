namespace ManagedGemma.Kernels.FloatMatMul;

/// <summary>
/// Y = X·W or Y += X·W in float32, W row-major: the one float product, used for unpacked weights, for attention scores
/// (W: a panel of transposed keys) and for attention outputs (W: values as they lie).
/// Every element of Y is one chain of fused multiply-adds in ascending order of depth, started from 0 or from Y: so the
/// bits depend neither on the instruction set nor on how rows, columns and depth are cut into calls. Where the processor does not fuse
/// (<see cref="InstructionSets.FusesMultiplyAdd"/>), the portable kernel rounds each product too: within 2n · 2⁻²⁴ · Σ|x·w| of the exact sum
/// instead of n · 2⁻²⁴ · Σ|x·w| for n products, and still the same however the work is cut.
/// </summary>
internal unsafe interface IFloatMatMul
{
    /// <summary>Multiplies. No pointer needs alignment; Y must not overlap X or W.</summary>
    /// <param name="x">[rows, depth], <paramref name="xStride"/> floats from row to row.</param>
    /// <param name="xStride">Floats from a row of X to the next.</param>
    /// <param name="rows">At least 1.</param>
    /// <param name="w">[depth, columns], <paramref name="wStride"/> floats from row to row.</param>
    /// <param name="wStride">Floats from a row of W to the next.</param>
    /// <param name="depth">0 leaves Y as it is, or zero.</param>
    /// <param name="y">[rows, columns], <paramref name="yStride"/> floats from row to row.</param>
    /// <param name="yStride">Floats from a row of Y to the next.</param>
    /// <param name="columns">Any number; multiples of 32 are fast everywhere.</param>
    /// <param name="accumulate">Whether to add to Y instead of replacing it.</param>
    void Multiply(float* x, nint xStride, int rows, float* w, nint wStride, int depth, float* y, nint yStride, int columns, bool accumulate);
}
