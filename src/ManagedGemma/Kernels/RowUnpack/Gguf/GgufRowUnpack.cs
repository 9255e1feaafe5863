using ManagedGemma.Checkpoints.Gguf;

namespace ManagedGemma.Kernels.RowUnpack.Gguf;

/// <summary>Chooses the reader of a kind of block, and what readers share.</summary>
internal static unsafe class GgufRowUnpack
{
    /// <summary>The sixteen values of IQ4_NL and IQ4_XS: denser around zero, as weights are (ggml's kvalues_iq4nl).</summary>
    public static ReadOnlySpan<sbyte> UnevenValues => [-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113];

    /// <summary>The reader of a kind of block.</summary>
    public static IRowUnpack For(GgufType type) => type switch
    {
        GgufType.Q4_0 => new BlockRowUnpack<BlockQ4_0>(),
        GgufType.Q4_1 => new BlockRowUnpack<BlockQ4_1>(),
        GgufType.Q5_0 => new BlockRowUnpack<BlockQ5_0>(),
        GgufType.Q5_1 => new BlockRowUnpack<BlockQ5_1>(),
        GgufType.Q8_0 => new BlockRowUnpack<BlockQ8_0>(),
        GgufType.Q2_K => new BlockRowUnpack<BlockQ2_K>(),
        GgufType.Q3_K => new BlockRowUnpack<BlockQ3_K>(),
        GgufType.Q4_K => new BlockRowUnpack<BlockQ4_K>(),
        GgufType.Q5_K => new BlockRowUnpack<BlockQ5_K>(),
        GgufType.Q6_K => new BlockRowUnpack<BlockQ6_K>(),
        GgufType.IQ4_NL => new BlockRowUnpack<BlockIQ4_NL>(),
        GgufType.IQ4_XS => new BlockRowUnpack<BlockIQ4_XS>(),
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "Not a kind of block."),
    };

    /// <summary>A half-precision scale at any address.</summary>
    public static float Half(byte* at) => (float)BitConverter.UInt16BitsToHalf(Word(at));

    /// <summary>Two bytes, little-endian, at any address.</summary>
    public static ushort Word(byte* at) => (ushort)(at[0] | (at[1] << 8));

    /// <summary>
    /// The 6-bit scale and minimum of a 32nd of Q4_K and Q5_K: twelve bytes hold eight of each, the first four of either in the low
    /// bits, the upper bits of the others above them.
    /// </summary>
    public static (int Scale, int Minimum) ScaleAndMinimum(byte* scales, int group) => group < 4
        ? (scales[group] & 63, scales[group + 4] & 63)
        : ((scales[group + 4] & 15) | ((scales[group - 4] >> 6) << 4), (scales[group + 4] >> 4) | ((scales[group] >> 6) << 4));
}
