using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace ManagedGemma.Kernels.Int4;

/// <summary>
/// What the portable quantisers do in 128-bit vectors: find the largest magnitude, round, and put the integers into the order of
/// <see cref="QuantizedActivations"/>, four words at a time.
/// </summary>
internal static unsafe class ActivationRounding128
{
    private const int WordLength = 8;

    /// <summary>The largest magnitude's bits.</summary>
    /// <param name="row">The values.</param>
    /// <param name="length">How many: a multiple of 32.</param>
    [MethodImpl(KernelMethod.Options)]
    public static int Largest(float* row, int length)
    {
        Vector128<int> magnitude = Vector128.Create(int.MaxValue), m0 = Vector128<int>.Zero, m1 = m0, m2 = m0, m3 = m0;
        for (float* end = row + length; row < end; row += 16)
        {
            m0 = Vector128.Max(m0, Vector128.Load(row).AsInt32() & magnitude);
            m1 = Vector128.Max(m1, Vector128.Load(row + 4).AsInt32() & magnitude);
            m2 = Vector128.Max(m2, Vector128.Load(row + 8).AsInt32() & magnitude);
            m3 = Vector128.Max(m3, Vector128.Load(row + 12).AsInt32() & magnitude);
        }

        Vector128<int> four = Vector128.Max(Vector128.Max(m0, m1), Vector128.Max(m2, m3));
        Vector128<int> two = Vector128.Max(four, Vector128.Shuffle(four, Vector128.Create(2, 3, 0, 1)));
        return Math.Max(two[0], two[1]);
    }

    /// <summary>Rounds as <see cref="ActivationScale.Round"/> does.</summary>
    /// <param name="row">The values.</param>
    /// <param name="length">How many: a multiple of 4.</param>
    /// <param name="inverse">The factor; where it is 0 so are all integers, also where a product would be NaN.</param>
    /// <param name="rounded">As many integers.</param>
    [MethodImpl(KernelMethod.Options)]
    public static void Round(float* row, int length, float inverse, int* rounded)
    {
        if (inverse == 0)
        {
            new Span<int>(rounded, length).Clear();
            return;
        }

        Vector128<float> factor = Vector128.Create(inverse);
        for (int i = 0; i < length; i += 4)
        {
            // A whole number within the range of 16 bits: every way to convert it gives the same.
            Vector128.ConvertToInt32Native(Vector128.Round(Vector128.Load(row + i) * factor)).Store(rounded + i);
        }
    }

    /// <summary>Packs four words of 16-bit values.</summary>
    /// <param name="values">32 integers in −32767..32767.</param>
    /// <param name="target">The first word's dword for i = 0; i follows i at 16 dwords.</param>
    /// <returns>Their sum.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int PackInt16(int* values, int* target)
    {
        // Per word a vector of the pairs (i, i + 4), i = 0..3; transposed: per i a vector of words.
        Vector128<int> sums = Vector128<int>.Zero;
        Vector128<uint> p0 = Pairs(values, ref sums), p1 = Pairs(values + WordLength, ref sums);
        Vector128<uint> p2 = Pairs(values + (2 * WordLength), ref sums), p3 = Pairs(values + (3 * WordLength), ref sums);
        Lanes128.Transpose(ref p0, ref p1, ref p2, ref p3);
        p0.AsInt32().Store(target);
        p1.AsInt32().Store(target + 16);
        p2.AsInt32().Store(target + 32);
        p3.AsInt32().Store(target + 48);
        return Vector128.Sum(sums);
    }

    /// <summary>Packs four words of 8-bit values.</summary>
    /// <param name="values">32 integers in −127..127.</param>
    /// <param name="target">The first word's dword of even elements; the odd ones follow at 16 dwords.</param>
    /// <returns>Their sum.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int PackInt8(int* values, int* target)
    {
        Vector128<int> sums = Vector128<int>.Zero;
        Vector128<ulong> first = EvenThenOdd(values, ref sums), second = EvenThenOdd(values + (2 * WordLength), ref sums);
        Lanes128.ZipLow(first, second).AsInt32().Store(target);
        Lanes128.ZipHigh(first, second).AsInt32().Store(target + 16);
        return Vector128.Sum(sums);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<uint> Pairs(int* word, ref Vector128<int> sums)
    {
        Vector128<int> low = Vector128.Load(word), high = Vector128.Load(word + 4);
        sums += low + high;
        return ((low & Vector128.Create(0xFFFF)) | (high << 16)).AsUInt32();
    }

    // Two words as dwords: even elements of both, then odd elements of both.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<ulong> EvenThenOdd(int* words, ref Vector128<int> sums)
    {
        Vector128<int> v0 = Vector128.Load(words), v1 = Vector128.Load(words + 4);
        Vector128<int> v2 = Vector128.Load(words + 8), v3 = Vector128.Load(words + 12);
        sums += (v0 + v1) + (v2 + v3);
        Vector128<sbyte> bytes = Vector128.Narrow(Vector128.Narrow(v0, v1), Vector128.Narrow(v2, v3));
        return Vector128.Shuffle(bytes, Vector128.Create((sbyte)0, 2, 4, 6, 8, 10, 12, 14, 1, 3, 5, 7, 9, 11, 13, 15)).AsUInt64();
    }
}
