namespace ManagedGemma.Checkpoints.Gguf;

/// <summary>Sizes and names of <see cref="GgufType"/>.</summary>
internal static class GgufTypeExtensions
{
    /// <summary>What one element is, for types that are no blocks; null for blocks.</summary>
    public static ElementType? ToElementType(this GgufType type) => type switch
    {
        GgufType.F32 => ElementType.F32,
        GgufType.F16 => ElementType.F16,
        GgufType.BF16 => ElementType.BF16,
        GgufType.F64 => ElementType.F64,
        GgufType.I8 => ElementType.I8,
        GgufType.I16 => ElementType.I16,
        GgufType.I32 => ElementType.I32,
        GgufType.I64 => ElementType.I64,
        _ => null,
    };

    /// <summary>Weights of a block: a row is whole blocks. 1 for types that are no blocks.</summary>
    public static int BlockLength(this GgufType type) => type switch
    {
        GgufType.Q2_K or GgufType.Q3_K or GgufType.Q4_K or GgufType.Q5_K or GgufType.Q6_K or GgufType.IQ4_XS => 256,
        _ => type.ToElementType() is null ? 32 : 1,
    };

    /// <summary>Bytes of a block, scales included.</summary>
    public static int BlockBytes(this GgufType type) => type switch
    {
        GgufType.Q4_0 => 18,
        GgufType.Q4_1 => 20,
        GgufType.Q5_0 => 22,
        GgufType.Q5_1 => 24,
        GgufType.Q8_0 => 34,
        GgufType.Q2_K => 84,
        GgufType.Q3_K => 110,
        GgufType.Q4_K => 144,
        GgufType.Q5_K => 176,
        GgufType.Q6_K => 210,
        GgufType.IQ4_NL => 18,
        GgufType.IQ4_XS => 136,
        _ => type.ToElementType()!.Value.ByteSize(),
    };

    /// <summary>The type with this number in the file; null when this library does not read it.</summary>
    public static GgufType? FromNumber(uint number) =>
        number <= int.MaxValue && Enum.IsDefined((GgufType)number) ? (GgufType)number : null;

    /// <summary>The name of a type that exists, or existed, and is not read; null for numbers that mean nothing.</summary>
    public static string? NameOfUnread(uint number) => number switch
    {
        4 => "Q4_2, removed from the format",
        5 => "Q4_3, removed from the format",
        9 => "Q8_1",
        15 => "Q8_K",
        16 => "IQ2_XXS",
        17 => "IQ2_XS",
        18 => "IQ3_XXS",
        19 => "IQ1_S",
        21 => "IQ3_S",
        22 => "IQ2_S",
        29 => "IQ1_M",
        >= 31 and <= 33 => "a repacked Q4_0, removed from the format",
        34 => "TQ1_0",
        35 => "TQ2_0",
        >= 36 and <= 38 => "a repacked IQ4_NL, removed from the format",
        39 => "MXFP4",
        _ => null,
    };
}
