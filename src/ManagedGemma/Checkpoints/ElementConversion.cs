using System.Buffers.Binary;
using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace ManagedGemma.Checkpoints;

/// <summary>Between float32 and the three float types that weights and features are stored in, a span at a time.</summary>
internal static class ElementConversion
{
    /// <summary>Stores float32 values as BF16 or F16 (nearest, ties to even; NaN stays NaN) or F32, little-endian.</summary>
    /// <param name="source">n values.</param>
    /// <param name="type">BF16, F16 or F32.</param>
    /// <param name="destination">n elements' bytes; need not be aligned.</param>
    public static void FromSingles(ReadOnlySpan<float> source, ElementType type, Span<byte> destination)
    {
        if (destination.Length != (long)source.Length * type.ByteSize())
        {
            throw new ArgumentException("The destination's length does not fit the source.", nameof(destination));
        }

        switch (type)
        {
            case ElementType.F32:
                MemoryMarshal.AsBytes(source).CopyTo(destination);
                ReverseOnBigEndian<uint>(destination);
                break;
            case ElementType.F16:
                TensorPrimitives.ConvertToHalf(source, MemoryMarshal.Cast<byte, Half>(destination));
                ReverseOnBigEndian<ushort>(destination);
                break;
            case ElementType.BF16:
                ToBFloat16(source, MemoryMarshal.Cast<byte, ushort>(destination));
                ReverseOnBigEndian<ushort>(destination);
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(type), type, "Only BF16, F16 and F32 can be written from float32.");
        }
    }

    /// <summary>Reads BF16, F16 or F32 into float32; exact.</summary>
    /// <param name="source">n elements' bytes, little-endian; need not be aligned.</param>
    /// <param name="type">BF16, F16 or F32.</param>
    /// <param name="destination">n values.</param>
    public static void ToSingles(ReadOnlySpan<byte> source, ElementType type, Span<float> destination)
    {
        if (source.Length != (long)destination.Length * type.ByteSize())
        {
            throw new ArgumentException("The source's length does not fit the destination.", nameof(source));
        }

        switch (type)
        {
            case ElementType.F32:
                source.CopyTo(MemoryMarshal.AsBytes(destination));
                ReverseOnBigEndian<uint>(MemoryMarshal.AsBytes(destination));
                break;
            case ElementType.F16 when BitConverter.IsLittleEndian:
                TensorPrimitives.ConvertToSingle(MemoryMarshal.Cast<byte, Half>(source), destination);
                break;
            case ElementType.F16:
                for (int i = 0; i < destination.Length; i++)
                {
                    destination[i] = (float)BinaryPrimitives.ReadHalfLittleEndian(source[(i * 2)..]);
                }

                break;
            case ElementType.BF16:
                FromBFloat16(source, destination);
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(type), type, "Only BF16, F16 and F32 can be read as float32.");
        }
    }

    /// <summary>The definition: the upper half of the bits after adding half a unit in the last place, ties to even.</summary>
    public static ushort ToBFloat16(float value)
    {
        uint bits = BitConverter.SingleToUInt32Bits(value);
        if (float.IsNaN(value))
        {
            // Rounding could carry a NaN's mantissa into infinity or zero; the quiet bit keeps it a NaN.
            return (ushort)((bits >> 16) | 0x40);
        }

        return (ushort)((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
    }

    /// <summary>The nearest value of BF16, F16 or F32, ties to even; NaN stays NaN.</summary>
    public static float Round(float value, ElementType type) => type switch
    {
        ElementType.F32 => value,
        ElementType.F16 => (float)(Half)value,
        ElementType.BF16 => BitConverter.UInt32BitsToSingle((uint)ToBFloat16(value) << 16),
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "Only to BF16, F16 and F32 can be rounded."),
    };

    /// <summary>Rounds in place, as <see cref="Round(float, ElementType)"/>.</summary>
    public static void Round(Span<float> values, ElementType type)
    {
        if (type == ElementType.F32)
        {
            return;
        }

        int i = 0;
        if (type == ElementType.BF16)
        {
            int width = Vector<float>.Count;
            for (; i <= values.Length - width; i += width)
            {
                Vector.AsVectorSingle(UpperHalves(new Vector<float>(values[i..])) << 16).CopyTo(values[i..]);
            }
        }

        for (; i < values.Length; i++)
        {
            values[i] = Round(values[i], type);
        }
    }

    private static void FromBFloat16(ReadOnlySpan<byte> source, Span<float> destination)
    {
        int i = 0;
        int width = Vector<uint>.Count;
        if (BitConverter.IsLittleEndian)
        {
            ref ushort halves = ref Unsafe.As<byte, ushort>(ref MemoryMarshal.GetReference(source));
            ref float values = ref MemoryMarshal.GetReference(destination);
            for (; i <= destination.Length - (2 * width); i += 2 * width)
            {
                Vector.Widen(Vector.LoadUnsafe(ref halves, (nuint)i), out Vector<uint> low, out Vector<uint> high);
                Vector.AsVectorSingle(low << 16).StoreUnsafe(ref values, (nuint)i);
                Vector.AsVectorSingle(high << 16).StoreUnsafe(ref values, (nuint)(i + width));
            }
        }

        for (; i < destination.Length; i++)
        {
            destination[i] = BitConverter.UInt32BitsToSingle((uint)BinaryPrimitives.ReadUInt16LittleEndian(source[(i * 2)..]) << 16);
        }
    }

    private static void ToBFloat16(ReadOnlySpan<float> source, Span<ushort> destination)
    {
        int i = 0;
        int width = Vector<uint>.Count;
        for (; i <= source.Length - (2 * width); i += 2 * width)
        {
            Vector<uint> low = UpperHalves(new Vector<float>(source[i..]));
            Vector<uint> high = UpperHalves(new Vector<float>(source[(i + width)..]));
            Vector.Narrow(low, high).CopyTo(destination[i..]);
        }

        for (; i < source.Length; i++)
        {
            destination[i] = ToBFloat16(source[i]);
        }
    }

    private static Vector<uint> UpperHalves(Vector<float> values)
    {
        Vector<uint> bits = Vector.AsVectorUInt32(values);
        Vector<uint> upper = bits >> 16;
        Vector<uint> rounded = (bits + new Vector<uint>(0x7FFF) + (upper & Vector<uint>.One)) >> 16;
        Vector<uint> isNumber = Vector.AsVectorUInt32(Vector.Equals(values, values));
        return Vector.ConditionalSelect(isNumber, rounded, upper | new Vector<uint>(0x40));
    }

    private static void ReverseOnBigEndian<T>(Span<byte> bytes)
        where T : unmanaged
    {
        if (BitConverter.IsLittleEndian)
        {
            return;
        }

        if (typeof(T) == typeof(ushort))
        {
            Span<ushort> words = MemoryMarshal.Cast<byte, ushort>(bytes);
            BinaryPrimitives.ReverseEndianness(words, words);
        }
        else
        {
            Span<uint> words = MemoryMarshal.Cast<byte, uint>(bytes);
            BinaryPrimitives.ReverseEndianness(words, words);
        }
    }
}
