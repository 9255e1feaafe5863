namespace ManagedGemma.Conversion;

/// <summary>Four bits: sign, two of exponent, one of mantissa. 0, 0.5, 1, 1.5, 2, 3, 4, 6 and their negatives.</summary>
internal readonly struct E2M1 : IFloatCode
{
    public static float Largest => 6;

    /// <summary>Of two values that are equally near, MLX takes the one nearer to zero; what becomes zero loses its sign.</summary>
    public static byte Encode(float value)
    {
        float size = MathF.Abs(value);
        int code = (size > 0.25f ? 1 : 0) + (size > 0.75f ? 1 : 0) + (size > 1.25f ? 1 : 0) + (size > 1.75f ? 1 : 0)
            + (size > 2.5f ? 1 : 0) + (size > 3.5f ? 1 : 0) + (size > 5 ? 1 : 0);

        // Without a branch: signs are as good as random. The mask is zero where the code is.
        int sign = (int)(BitConverter.SingleToUInt32Bits(value) >> 28) & 8;
        return (byte)(code | (sign & (-code >> 31)));
    }
}
