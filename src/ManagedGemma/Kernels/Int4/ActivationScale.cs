using System.Runtime.CompilerServices;

namespace ManagedGemma.Kernels.Int4;

/// <summary>How activations that share a scale are rounded: q = round(x · inverse), to nearest, ties to even; x ≈ q · scale.</summary>
internal static class ActivationScale
{
    /// <summary>The largest integer of 16-bit activations.</summary>
    public const float Int16Levels = 32767;

    /// <summary>The largest integer of 8-bit activations.</summary>
    public const float Int8Levels = 127;

    private const int InfinityBits = 0x7F800000;

    // Below 2^-100 the inverse would leave float32's range; such values count as zero, an error of 2^-100 each.
    private const int NegligibleBits = (127 - 100) << 23;

    /// <summary>
    /// Scale and inverse for values whose largest magnitude is given as its bits (which order as the magnitudes do, infinity
    /// and NaN above all). All negligible: both 0. Infinity or NaN among them: scale NaN, inverse 0 — every sum that uses
    /// them becomes NaN, in this token alone.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static (float Scale, float Inverse) For(int magnitudeBits, float levels)
    {
        if (magnitudeBits >= InfinityBits)
        {
            return (float.NaN, 0);
        }

        if (magnitudeBits < NegligibleBits)
        {
            return (0, 0);
        }

        float magnitude = BitConverter.Int32BitsToSingle(magnitudeBits);
        return (magnitude / levels, levels / magnitude);
    }

    /// <summary>The most that a half group's scale is of the token's unit: <see cref="HalfScale"/>.</summary>
    public const int LargestMultiple = 1 << 14;

    /// <summary>
    /// The unit of a token's 8-bit scales, from the largest magnitude of its whole row: the row's own scale is 2¹⁴ units. Infinity,
    /// NaN and all negligible as in <see cref="For"/>, with a magnitude of 0.
    /// </summary>
    public static (float Unit, float Magnitude) UnitOf(int magnitudeBits)
    {
        (float scale, float inverse) = For(magnitudeBits, Int8Levels);
        return (scale / LargestMultiple, inverse == 0 ? 0 : BitConverter.Int32BitsToSingle(magnitudeBits));
    }

    /// <summary>
    /// A half group's scale as a multiple of the token's unit, rounded up so that its largest value still fits: an integer, so that
    /// the two halves of a group are put together in integers. Coarser than the exact scale by at most one unit, 2⁻²¹ of the row's largest.
    /// </summary>
    /// <param name="magnitudeBits">The half's largest magnitude.</param>
    /// <param name="unit">The token's unit.</param>
    /// <param name="rowMagnitude">The row's largest magnitude; 0: all values count as 0.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static (int Multiple, float Inverse) HalfScale(int magnitudeBits, float unit, float rowMagnitude)
    {
        if (rowMagnitude == 0)
        {
            return (0, 0);
        }

        float share = BitConverter.Int32BitsToSingle(magnitudeBits) / rowMagnitude * LargestMultiple;
        int multiple = Math.Max(1, (int)MathF.Ceiling(share));
        return (multiple, 1 / (unit * multiple));
    }

    /// <summary>The rounded value; 0 where the inverse is 0, NaN and infinity included.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Round(float value, float inverse) => inverse == 0 ? 0 : (int)MathF.Round(value * inverse);
}
