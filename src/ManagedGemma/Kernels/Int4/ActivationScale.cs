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

    /// <summary>The rounded value; 0 where the inverse is 0, NaN and infinity included.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Round(float value, float inverse) => inverse == 0 ? 0 : (int)MathF.Round(value * inverse);
}
