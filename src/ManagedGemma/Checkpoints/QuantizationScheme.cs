namespace ManagedGemma.Checkpoints;

/// <summary>How one module's weights are quantised.</summary>
/// <param name="Mode">What the bits mean.</param>
/// <param name="Bits">Bits a weight.</param>
/// <param name="GroupSize">Weights of a row that share a scale.</param>
public sealed record QuantizationScheme(QuantizationMode Mode, int Bits, int GroupSize)
{
    /// <summary>What MLX takes for a mode where nothing else is said.</summary>
    public static QuantizationScheme Default(QuantizationMode mode) => mode switch
    {
        QuantizationMode.MxFp4 => new QuantizationScheme(mode, 4, 32),
        QuantizationMode.MxFp8 => new QuantizationScheme(mode, 8, 32),
        QuantizationMode.NvFp4 => new QuantizationScheme(mode, 4, 16),
        _ => new QuantizationScheme(mode, 4, 64),
    };

    /// <summary>Whether MLX has the scheme: 2, 3, 4, 5, 6 or 8 bits in groups of 32, 64 or 128 in affine mode, the default in the others.</summary>
    public bool IsSupported => Mode == QuantizationMode.Affine
        ? Bits is 2 or 3 or 4 or 5 or 6 or 8 && GroupSize is 32 or 64 or 128
        : this == Default(Mode);

    /// <summary>The mode's name in config.json.</summary>
    internal static string NameOf(QuantizationMode mode) => mode switch
    {
        QuantizationMode.MxFp4 => "mxfp4",
        QuantizationMode.MxFp8 => "mxfp8",
        QuantizationMode.NvFp4 => "nvfp4",
        _ => "affine",
    };

    /// <summary>Reads a mode's name; null when it is unknown.</summary>
    internal static QuantizationMode? ModeNamed(string name) => name switch
    {
        "affine" => QuantizationMode.Affine,
        "mxfp4" => QuantizationMode.MxFp4,
        "mxfp8" => QuantizationMode.MxFp8,
        "nvfp4" => QuantizationMode.NvFp4,
        _ => null,
    };

    /// <summary>For messages: <c>4 bit affine, group 64</c>.</summary>
    public override string ToString() => $"{Bits} bit {NameOf(Mode)}, group {GroupSize}";
}
