namespace ManagedGemma.Checkpoints;

/// <summary>Sizes and names of <see cref="ElementType"/>.</summary>
public static class ElementTypeExtensions
{
    /// <summary>Bytes of one element.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is not one of the enumeration's.</exception>
    public static int ByteSize(this ElementType type) => type switch
    {
        ElementType.Bool or ElementType.U8 or ElementType.I8 or ElementType.F8E4M3 or ElementType.F8E5M2 => 1,
        ElementType.U16 or ElementType.I16 or ElementType.F16 or ElementType.BF16 => 2,
        ElementType.U32 or ElementType.I32 or ElementType.F32 => 4,
        ElementType.U64 or ElementType.I64 or ElementType.F64 => 8,
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "Unknown element type."),
    };

    /// <summary>The name that a safetensors header uses, for instance <c>BF16</c> or <c>F8_E4M3</c>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is not one of the enumeration's.</exception>
    public static string ToSafetensorsName(this ElementType type) => type switch
    {
        ElementType.Bool => "BOOL",
        ElementType.U8 => "U8",
        ElementType.I8 => "I8",
        ElementType.U16 => "U16",
        ElementType.I16 => "I16",
        ElementType.U32 => "U32",
        ElementType.I32 => "I32",
        ElementType.U64 => "U64",
        ElementType.I64 => "I64",
        ElementType.F16 => "F16",
        ElementType.BF16 => "BF16",
        ElementType.F32 => "F32",
        ElementType.F64 => "F64",
        ElementType.F8E4M3 => "F8_E4M3",
        ElementType.F8E5M2 => "F8_E5M2",
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "Unknown element type."),
    };

    /// <summary>Reads a safetensors name; null when the format has no such type or this library does not know it.</summary>
    internal static ElementType? FromSafetensorsName(string name) => name switch
    {
        "BOOL" => ElementType.Bool,
        "U8" => ElementType.U8,
        "I8" => ElementType.I8,
        "U16" => ElementType.U16,
        "I16" => ElementType.I16,
        "U32" => ElementType.U32,
        "I32" => ElementType.I32,
        "U64" => ElementType.U64,
        "I64" => ElementType.I64,
        "F16" => ElementType.F16,
        "BF16" => ElementType.BF16,
        "F32" => ElementType.F32,
        "F64" => ElementType.F64,
        "F8_E4M3" => ElementType.F8E4M3,
        "F8_E5M2" => ElementType.F8E5M2,
        _ => null,
    };

    /// <summary>Whether the type is one of the three in which dense weights, norms, scales and biases come.</summary>
    internal static bool IsWeightFloat(this ElementType type) => type is ElementType.BF16 or ElementType.F16 or ElementType.F32;
}
