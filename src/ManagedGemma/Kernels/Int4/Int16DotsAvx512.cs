using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using ISA = System.Runtime.Intrinsics.X86.Avx512BW;
using Vec = System.Runtime.Intrinsics.Vector512;
using VecF = System.Runtime.Intrinsics.Vector512<float>;
using VecI = System.Runtime.Intrinsics.Vector512<int>;

namespace ManagedGemma.Kernels.Int4;

/// <summary>vpmaddwd of pairs; the last needs no mask, since 16-bit shifts bring in zeros.</summary>
internal readonly unsafe struct Int16DotsAvx512 : IWordDots<VecI, VecF>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Four<Four<VecI>> Split(Four<VecI> rows) => new(Pairs(rows.First), Pairs(rows.Second), Pairs(rows.Third), Pairs(rows.Fourth));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static VecI Dots(Four<Four<VecI>> rows, int* x)
    {
        VecI x0 = Vec.Load(x), x1 = Vec.Load(x + 16), x2 = Vec.Load(x + 32), x3 = Vec.Load(x + 48);
        VecI d0 = Dot(rows.First, x0, x1, x2, x3), d1 = Dot(rows.Second, x0, x1, x2, x3);
        VecI d2 = Dot(rows.Third, x0, x1, x2, x3), d3 = Dot(rows.Fourth, x0, x1, x2, x3);
        Vector512<long> low = (ISA.UnpackLow(d0, d1) + ISA.UnpackHigh(d0, d1)).AsInt64();
        Vector512<long> high = (ISA.UnpackLow(d2, d3) + ISA.UnpackHigh(d2, d3)).AsInt64();
        return ISA.UnpackLow(low, high).AsInt32() + ISA.UnpackHigh(low, high).AsInt32();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static VecF Sum(VecI first, VecI second, int* scale) => Vec.ConvertToSingle(first + second) * *(float*)scale;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Four<VecI> Pairs(VecI words) => new(
        words & Vec.Create(0x000F000F),
        (words >>> 4) & Vec.Create(0x000F000F),
        (words >>> 8) & Vec.Create(0x000F000F),
        (words.AsInt16() >>> 12).AsInt32());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static VecI Dot(Four<VecI> pairs, VecI x0, VecI x1, VecI x2, VecI x3)
    {
        VecI dot = ISA.MultiplyAddAdjacent(pairs.First.AsInt16(), x0.AsInt16());
        dot += ISA.MultiplyAddAdjacent(pairs.Second.AsInt16(), x1.AsInt16());
        dot += ISA.MultiplyAddAdjacent(pairs.Third.AsInt16(), x2.AsInt16());
        dot += ISA.MultiplyAddAdjacent(pairs.Fourth.AsInt16(), x3.AsInt16());
        return dot;
    }
}
