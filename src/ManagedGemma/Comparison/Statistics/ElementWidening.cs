using System.Buffers.Binary;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using ManagedGemma.Checkpoints;
using ManagedGemma.Kernels.RowUnpack;

namespace ManagedGemma.Comparison.Statistics;

/// <summary>Elements of every type as float64: exact but for 64-bit integers beyond 2^53.</summary>
internal static class ElementWidening
{
    private const int Chunk = 1024;

    /// <summary>Whether values of a type are whole numbers or truth values.</summary>
    public static bool IsIntegral(this ElementType type) => type is
        ElementType.Bool or ElementType.U8 or ElementType.I8 or ElementType.U16 or ElementType.I16
        or ElementType.U32 or ElementType.I32 or ElementType.U64 or ElementType.I64;

    /// <summary>Widens.</summary>
    /// <param name="source">n elements, little-endian; need not be aligned.</param>
    /// <param name="type">Their type.</param>
    /// <param name="destination">n values.</param>
    public static void ToDoubles(ReadOnlySpan<byte> source, ElementType type, Span<double> destination)
    {
        switch (type)
        {
            case ElementType.BF16 or ElementType.F16 or ElementType.F32:
                FromSmallFloats(source, type, destination);
                break;
            case ElementType.F64:
                for (int i = 0; i < destination.Length; i++)
                {
                    destination[i] = BinaryPrimitives.ReadDoubleLittleEndian(source[(i * sizeof(double))..]);
                }

                break;
            case ElementType.F8E4M3:
                for (int i = 0; i < destination.Length; i++)
                {
                    destination[i] = MicroFloat.E4M3[source[i]];
                }

                break;
            case ElementType.F8E5M2:
                // The upper half of an IEEE half, bit for bit.
                for (int i = 0; i < destination.Length; i++)
                {
                    destination[i] = (double)BitConverter.UInt16BitsToHalf((ushort)(source[i] << 8));
                }

                break;
            default:
                int size = type.ByteSize();
                for (int i = 0; i < destination.Length; i++)
                {
                    destination[i] = (double)ToInteger(source[(i * size)..], type);
                }

                break;
        }
    }

    /// <summary>The first element of a span of whole numbers.</summary>
    public static Int128 ToInteger(ReadOnlySpan<byte> source, ElementType type) => type switch
    {
        ElementType.Bool or ElementType.U8 => source[0],
        ElementType.I8 => (sbyte)source[0],
        ElementType.U16 => BinaryPrimitives.ReadUInt16LittleEndian(source),
        ElementType.I16 => BinaryPrimitives.ReadInt16LittleEndian(source),
        ElementType.U32 => BinaryPrimitives.ReadUInt32LittleEndian(source),
        ElementType.I32 => BinaryPrimitives.ReadInt32LittleEndian(source),
        ElementType.U64 => BinaryPrimitives.ReadUInt64LittleEndian(source),
        ElementType.I64 => BinaryPrimitives.ReadInt64LittleEndian(source),
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "Not whole numbers."),
    };

    private static void FromSmallFloats(ReadOnlySpan<byte> source, ElementType type, Span<double> destination)
    {
        Span<float> singles = stackalloc float[Chunk];
        int size = type.ByteSize();
        for (int start = 0; start < destination.Length; start += Chunk)
        {
            int count = Math.Min(Chunk, destination.Length - start);
            ElementConversion.ToSingles(source.Slice(start * size, count * size), type, singles[..count]);
            TensorPrimitives.ConvertTruncating<float, double>(singles[..count], destination.Slice(start, count));
        }
    }
}
