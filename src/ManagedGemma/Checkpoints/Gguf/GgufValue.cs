namespace ManagedGemma.Checkpoints.Gguf;

/// <summary>Where a metadata value lies; the header's reader has found it to lie inside the file. Nothing is copied.</summary>
/// <param name="Type">The value's type.</param>
/// <param name="ElementType">Of an array: its elements' type. Else as <paramref name="Type"/>.</param>
/// <param name="Count">Of an array: elements. Of text: bytes. Else 1.</param>
/// <param name="Offset">Where the value, the text or the first element begins, in bytes from the start of the file.</param>
internal readonly record struct GgufValue(GgufValueType Type, GgufValueType ElementType, long Count, long Offset)
{
    /// <summary>Bytes of a value of fixed size; 0 for text and arrays, and for numbers that name no type.</summary>
    public static int SizeOf(GgufValueType type) => type switch
    {
        GgufValueType.U8 or GgufValueType.I8 or GgufValueType.Bool => 1,
        GgufValueType.U16 or GgufValueType.I16 => 2,
        GgufValueType.U32 or GgufValueType.I32 or GgufValueType.F32 => 4,
        GgufValueType.U64 or GgufValueType.I64 or GgufValueType.F64 => 8,
        _ => 0,
    };
}
