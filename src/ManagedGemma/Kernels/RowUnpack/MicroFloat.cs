namespace ManagedGemma.Kernels.RowUnpack;

/// <summary>
/// The element types of the OCP microscaling formats (MX specification 1.0, 2023) as float32, exactly. MLX's back ends disagree
/// about the codes for NaN, which its quantiser never writes; here they are NaN, as specified.
/// </summary>
internal static class MicroFloat
{
    private static readonly float[] E4M3Values = [.. Enumerable.Range(0, 256).Select(DefineE4M3)];
    private static readonly float[] E8M0Values = [.. Enumerable.Range(0, 256).Select(code => code == 255 ? float.NaN : MathF.ScaleB(1, code - 127))];

    /// <summary>Four bits: sign, two of exponent, one of mantissa. By code.</summary>
    public static ReadOnlySpan<float> E2M1 => [0, 0.5f, 1, 1.5f, 2, 3, 4, 6, -0f, -0.5f, -1, -1.5f, -2, -3, -4, -6];

    /// <summary>Eight bits: sign, four of exponent with bias 7, three of mantissa; no infinities, one NaN a sign. By code.</summary>
    public static ReadOnlySpan<float> E4M3 => E4M3Values;

    /// <summary>A power of two, 2^(code − 127); 255 is NaN. By code.</summary>
    public static ReadOnlySpan<float> E8M0 => E8M0Values;

    private static float DefineE4M3(int code)
    {
        int exponent = (code >> 3) & 15, mantissa = code & 7;
        float magnitude = (exponent, mantissa) switch
        {
            (15, 7) => float.NaN,
            (0, _) => MathF.ScaleB(mantissa, -9),
            _ => MathF.ScaleB(8 + mantissa, exponent - 10),
        };
        return (code & 128) == 0 ? magnitude : -magnitude;
    }
}
