using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Vec = System.Runtime.Intrinsics.Vector128;
using VecF = System.Runtime.Intrinsics.Vector128<float>;
using VecI = System.Runtime.Intrinsics.Vector128<int>;

namespace ManagedGemma.Kernels.Int4;

/// <summary>The pairs (i, i + 4) of a row's words.</summary>
/// <typeparam name="TDot">The instructions that multiply.</typeparam>
internal readonly unsafe struct Int16Dots128<TDot> : IWordDots<VecI, VecF>
    where TDot : struct, IInt16Dot128
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Four<Four<VecI>> Split(Four<VecI> rows) => new(Pairs(rows.First), Pairs(rows.Second), Pairs(rows.Third), Pairs(rows.Fourth));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static VecI Dots(Four<Four<VecI>> rows, int* x)
    {
        VecI x0 = Vec.Load(x), x1 = Vec.Load(x + 16), x2 = Vec.Load(x + 32), x3 = Vec.Load(x + 48);
        return Lanes128.AddAcross(
            Dot(rows.First, x0, x1, x2, x3), Dot(rows.Second, x0, x1, x2, x3), Dot(rows.Third, x0, x1, x2, x3), Dot(rows.Fourth, x0, x1, x2, x3));
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
        VecI low = VecI.Zero, high = VecI.Zero;
        TDot.Add(pairs.First.AsInt16(), x0.AsInt16(), ref low, ref high);
        TDot.Add(pairs.Second.AsInt16(), x1.AsInt16(), ref low, ref high);
        TDot.Add(pairs.Third.AsInt16(), x2.AsInt16(), ref low, ref high);
        TDot.Add(pairs.Fourth.AsInt16(), x3.AsInt16(), ref low, ref high);
        return TDot.Total(low, high);
    }
}
