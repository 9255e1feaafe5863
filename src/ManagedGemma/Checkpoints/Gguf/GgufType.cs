using System.Diagnostics.CodeAnalysis;

namespace ManagedGemma.Checkpoints.Gguf;

/// <summary>
/// What a GGUF tensor's data is: single numbers, or blocks of a row's weights with their scales. Numbers as in the file. The
/// name says bits a weight; K blocks hold 256 weights, the others 32.
/// </summary>
[SuppressMessage("Naming", "CA1707:Identifiers should not contain underscores", Justification = "The names are ggml's own.")]
[SuppressMessage("Design", "CA1027:Mark enums with FlagsAttribute", Justification = "Numbers of the format, not flags.")]
public enum GgufType
{
    /// <summary>IEEE single precision.</summary>
    F32 = 0,

    /// <summary>IEEE half precision.</summary>
    F16 = 1,

    /// <summary>4 bits, a scale.</summary>
    Q4_0 = 2,

    /// <summary>4 bits, a scale and a minimum.</summary>
    Q4_1 = 3,

    /// <summary>5 bits, a scale.</summary>
    Q5_0 = 6,

    /// <summary>5 bits, a scale and a minimum.</summary>
    Q5_1 = 7,

    /// <summary>8 bits, a scale.</summary>
    Q8_0 = 8,

    /// <summary>2 bits, 4-bit scales and minima a 16 weights.</summary>
    Q2_K = 10,

    /// <summary>3 bits, 6-bit scales a 16 weights.</summary>
    Q3_K = 11,

    /// <summary>4 bits, 6-bit scales and minima a 32 weights.</summary>
    Q4_K = 12,

    /// <summary>5 bits, 6-bit scales and minima a 32 weights.</summary>
    Q5_K = 13,

    /// <summary>6 bits, 8-bit scales a 16 weights.</summary>
    Q6_K = 14,

    /// <summary>4 bits that choose one of sixteen uneven values, a scale.</summary>
    IQ4_NL = 20,

    /// <summary>As <see cref="IQ4_NL"/> in blocks of 256, 6-bit scales a 32 weights.</summary>
    IQ4_XS = 23,

    /// <summary>Signed, 8 bit.</summary>
    I8 = 24,

    /// <summary>Signed, 16 bit.</summary>
    I16 = 25,

    /// <summary>Signed, 32 bit.</summary>
    I32 = 26,

    /// <summary>Signed, 64 bit.</summary>
    I64 = 27,

    /// <summary>IEEE double precision.</summary>
    F64 = 28,

    /// <summary>The upper half of an <see cref="F32"/>.</summary>
    BF16 = 30,
}
