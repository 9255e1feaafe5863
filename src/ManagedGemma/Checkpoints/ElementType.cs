namespace ManagedGemma.Checkpoints;

/// <summary>What one element of a tensor is on disk: the types of the safetensors format, little-endian.</summary>
public enum ElementType
{
    /// <summary>A truth value in one byte.</summary>
    Bool,

    /// <summary>Unsigned, 8 bit.</summary>
    U8,

    /// <summary>Signed, 8 bit.</summary>
    I8,

    /// <summary>Unsigned, 16 bit.</summary>
    U16,

    /// <summary>Signed, 16 bit.</summary>
    I16,

    /// <summary>Unsigned, 32 bit; MLX packs quantised weights in it.</summary>
    U32,

    /// <summary>Signed, 32 bit.</summary>
    I32,

    /// <summary>Unsigned, 64 bit.</summary>
    U64,

    /// <summary>Signed, 64 bit.</summary>
    I64,

    /// <summary>IEEE half precision.</summary>
    F16,

    /// <summary>The upper half of a <see cref="F32"/>.</summary>
    BF16,

    /// <summary>IEEE single precision.</summary>
    F32,

    /// <summary>IEEE double precision.</summary>
    F64,

    /// <summary>Eight bits with four of exponent and three of mantissa.</summary>
    F8E4M3,

    /// <summary>Eight bits with five of exponent and two of mantissa.</summary>
    F8E5M2,
}
