using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace ManagedGemma.Kernels.Int4;

/// <summary>
/// Puts rounded activations into the order of <see cref="QuantizedActivations"/>, four words at a time in 128-bit vectors;
/// shared by the x86 quantisers, whose own width is used for the rounding.
/// </summary>
internal static unsafe class ActivationPacking
{
    /// <summary>Packs four words of 16-bit values.</summary>
    /// <param name="values">32 integers in −32767..32767.</param>
    /// <param name="target">The first word's dword for i = 0; i follows i at 16 dwords.</param>
    /// <returns>Their sum.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Int16(int* values, int* target)
    {
        // Per word a vector of the pairs (i, i + 4), i = 0..3; then 4x4 transposed: per i a vector of words.
        Vector128<int> p0 = Pairs(values, out Vector128<int> s0);
        Vector128<int> p1 = Pairs(values + 8, out Vector128<int> s1);
        Vector128<int> p2 = Pairs(values + 16, out Vector128<int> s2);
        Vector128<int> p3 = Pairs(values + 24, out Vector128<int> s3);
        Vector128<long> t0 = Sse2.UnpackLow(p0, p1).AsInt64(), t1 = Sse2.UnpackHigh(p0, p1).AsInt64();
        Vector128<long> t2 = Sse2.UnpackLow(p2, p3).AsInt64(), t3 = Sse2.UnpackHigh(p2, p3).AsInt64();
        Sse2.UnpackLow(t0, t2).AsInt32().Store(target);
        Sse2.UnpackHigh(t0, t2).AsInt32().Store(target + 16);
        Sse2.UnpackLow(t1, t3).AsInt32().Store(target + 32);
        Sse2.UnpackHigh(t1, t3).AsInt32().Store(target + 48);
        return Vector128.Sum((s0 + s1) + (s2 + s3));
    }

    /// <summary>Packs four words of 8-bit values.</summary>
    /// <param name="values">32 integers in −127..127.</param>
    /// <param name="target">The first word's dword of even elements; the odd ones follow at 16 dwords.</param>
    /// <returns>Their sum.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Int8(int* values, int* target)
    {
        Vector128<long> first = EvenThenOdd(values, out Vector128<int> s0);
        Vector128<long> second = EvenThenOdd(values + 16, out Vector128<int> s1);
        Sse2.UnpackLow(first, second).AsInt32().Store(target);
        Sse2.UnpackHigh(first, second).AsInt32().Store(target + 16);
        return Vector128.Sum(s0 + s1);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<int> Pairs(int* word, out Vector128<int> sums)
    {
        Vector128<int> low = Vector128.Load(word), high = Vector128.Load(word + 4);
        sums = low + high;
        return (low & Vector128.Create(0xFFFF)) | (high << 16);
    }

    // Two words as dwords: even elements of both, then odd elements of both.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<long> EvenThenOdd(int* words, out Vector128<int> sums)
    {
        Vector128<int> v0 = Vector128.Load(words), v1 = Vector128.Load(words + 4);
        Vector128<int> v2 = Vector128.Load(words + 8), v3 = Vector128.Load(words + 12);
        sums = (v0 + v1) + (v2 + v3);
        Vector128<sbyte> bytes = Sse2.PackSignedSaturate(Sse2.PackSignedSaturate(v0, v1), Sse2.PackSignedSaturate(v2, v3));
        Vector128<sbyte> order = Vector128.Create((sbyte)0, 2, 4, 6, 8, 10, 12, 14, 1, 3, 5, 7, 9, 11, 13, 15);
        return Ssse3.Shuffle(bytes, order).AsInt64();
    }
}
