using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Vec = System.Runtime.Intrinsics.Vector128;
using VecF = System.Runtime.Intrinsics.Vector128<float>;
using VecI = System.Runtime.Intrinsics.Vector128<int>;

namespace ManagedGemma.Kernels.Int4;

/// <summary>Even and odd nibbles of a row's words.</summary>
/// <typeparam name="TDot">The instructions that multiply.</typeparam>
internal readonly unsafe struct Int8Dots128<TDot> : IWordDots<VecI, VecF>
    where TDot : struct, IInt8Dot128
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Four<Four<VecI>> Split(Four<VecI> rows) => new(Nibbles(rows.First), Nibbles(rows.Second), Nibbles(rows.Third), Nibbles(rows.Fourth));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static VecI Dots(Four<Four<VecI>> rows, int* x)
    {
        VecI even = Vec.Load(x), odd = Vec.Load(x + 16);
        return Lanes128.AddAcross(Dot(rows.First, even, odd), Dot(rows.Second, even, odd), Dot(rows.Third, even, odd), Dot(rows.Fourth, even, odd));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static VecF Sum(VecI first, VecI second, int* scale) =>
        Vec.ConvertToSingle((first * Vec.Create(scale[0] & 0xFFFF)) + (second * Vec.Create(scale[1] & 0xFFFF)));

    // Even and odd ones; two vectors are all.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Four<VecI> Nibbles(VecI words) =>
        new(words & Vec.Create(0x0F0F0F0F), (words.AsByte() >>> 4).AsInt32(), default, default);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static VecI Dot(Four<VecI> nibbles, VecI even, VecI odd) =>
        TDot.Total(TDot.Add(TDot.Add(VecI.Zero, nibbles.First.AsByte(), even.AsSByte()), nibbles.Second.AsByte(), odd.AsSByte()));
}
