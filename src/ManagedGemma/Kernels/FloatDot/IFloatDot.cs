namespace ManagedGemma.Kernels.FloatDot;

/// <summary>
/// Dot product of a row of weights and a token, for passes of few tokens, where a tile would cost more than it saves. Both are
/// continued with zeros to a multiple of 64; column k is added to sum k mod 64 by a fused multiply-add, in ascending order; then the
/// upper half of the sums is added to the lower six times. Every instruction set gives the same bits, except that the portable kernel
/// rounds each product too where the processor does not fuse (<see cref="InstructionSets.FusesMultiplyAdd"/>).
/// </summary>
internal unsafe interface IFloatDot
{
    /// <summary>Sums that run side by side.</summary>
    const int Sums = 64;

    /// <summary>Multiplies. No pointer needs alignment; nothing beyond the columns is read.</summary>
    /// <param name="w">[columns].</param>
    /// <param name="x">[columns].</param>
    /// <param name="columns">At least 1.</param>
    float Dot(float* w, float* x, int columns);
}
