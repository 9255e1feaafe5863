using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using ISA = System.Runtime.Intrinsics.X86.Avx512BW;
using Vec = System.Runtime.Intrinsics.Vector512;
using VecF = System.Runtime.Intrinsics.Vector512<float>;
using VecI = System.Runtime.Intrinsics.Vector512<int>;

namespace ManagedGemma.Kernels.Int4;

/// <summary>
/// vpmaddubsw of even and of odd nibbles. A pair is at most 15 · 127 · 2 = 3810, so the eight pairs of a half group add up in 16 bits, its four
/// words across too; vpmaddwd with the half's multiple then widens and scales them.
/// </summary>
internal readonly unsafe struct Int8DotsAvx512 : IWordDots<VecI, VecF>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Four<Four<VecI>> Split(Four<VecI> rows) => new(Nibbles(rows.First), Nibbles(rows.Second), Nibbles(rows.Third), Nibbles(rows.Fourth));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static VecI Dots(Four<Four<VecI>> rows, int* x)
    {
        VecI even = Vec.Load(x), odd = Vec.Load(x + 16);
        VecI d0 = Dot(rows.First, even, odd), d1 = Dot(rows.Second, even, odd);
        VecI d2 = Dot(rows.Third, even, odd), d3 = Dot(rows.Fourth, even, odd);
        Vector512<long> low = Add(ISA.UnpackLow(d0, d1), ISA.UnpackHigh(d0, d1)).AsInt64();
        Vector512<long> high = Add(ISA.UnpackLow(d2, d3), ISA.UnpackHigh(d2, d3)).AsInt64();
        return Add(ISA.UnpackLow(low, high).AsInt32(), ISA.UnpackHigh(low, high).AsInt32());
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static VecF Sum(VecI first, VecI second, int* scale) => Vec.ConvertToSingle(Scaled(first, scale[0]) + Scaled(second, scale[1]));

    // Even and odd ones; two vectors are all.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Four<VecI> Nibbles(VecI words) => new(words & Vec.Create(0x0F0F0F0F), (words >>> 4) & Vec.Create(0x0F0F0F0F), default, default);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static VecI Dot(Four<VecI> nibbles, VecI even, VecI odd) =>
        Add(
            ISA.MultiplyAddAdjacent(nibbles.First.AsByte(), even.AsSByte()).AsInt32(),
            ISA.MultiplyAddAdjacent(nibbles.Second.AsByte(), odd.AsSByte()).AsInt32());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static VecI Add(VecI first, VecI second) => (first.AsInt16() + second.AsInt16()).AsInt32();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static VecI Scaled(VecI sums, int multiple) => ISA.MultiplyAddAdjacent(sums.AsInt16(), Vec.Create(multiple).AsInt16());
}
