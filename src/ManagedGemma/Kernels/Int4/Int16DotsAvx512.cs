using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using ISA = System.Runtime.Intrinsics.X86.Avx512BW;
using Vec = System.Runtime.Intrinsics.Vector512;
using VecF = System.Runtime.Intrinsics.Vector512<float>;
using VecI = System.Runtime.Intrinsics.Vector512<int>;

namespace ManagedGemma.Kernels.Int4;

/// <summary>
/// vpmaddwd of pairs; the last needs no mask, since 16-bit shifts bring in zeros. The four words' sums of each row are added across:
/// transposing the words as with 8 bits would cost as much, and more of activations.
/// </summary>
internal readonly unsafe struct Int16DotsAvx512 : IWordDots512
{
    public static int BlockDwords => 64;

    public static int GroupScales => 1;

    public static int LaidOut => 4;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void LayOut(int* x, int* scales, VecI* to)
    {
        to[0] = Vec.Load(x);
        to[1] = Vec.Load(x + 16);
        to[2] = Vec.Load(x + 32);
        to[3] = Vec.Load(x + 48);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static FourRows512 Split(VecI r0, VecI r1, VecI r2, VecI r3) => new(Pairs(r0), Pairs(r1), Pairs(r2), Pairs(r3));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static VecI Dots(FourRows512 weights, VecI* x)
    {
        VecI x0 = x[0], x1 = x[1], x2 = x[2], x3 = x[3];
        VecI d0 = Dot(weights.First, x0, x1, x2, x3), d1 = Dot(weights.Second, x0, x1, x2, x3);
        VecI d2 = Dot(weights.Third, x0, x1, x2, x3), d3 = Dot(weights.Fourth, x0, x1, x2, x3);
        Vector512<long> low = (ISA.UnpackLow(d0, d1) + ISA.UnpackHigh(d0, d1)).AsInt64();
        Vector512<long> high = (ISA.UnpackLow(d2, d3) + ISA.UnpackHigh(d2, d3)).AsInt64();
        return ISA.UnpackLow(low, high).AsInt32() + ISA.UnpackHigh(low, high).AsInt32();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static VecF Scale(VecI dots, int* scale) => Vec.ConvertToSingle(dots) * *(float*)scale;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static WordNibbles512 Pairs(VecI words) => new(
        words & Vec.Create(0x000F000F),
        (words >>> 4) & Vec.Create(0x000F000F),
        (words >>> 8) & Vec.Create(0x000F000F),
        (words.AsInt16() >>> 12).AsInt32());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static VecI Dot(WordNibbles512 weights, VecI x0, VecI x1, VecI x2, VecI x3)
    {
        VecI dot = ISA.MultiplyAddAdjacent(weights.First.AsInt16(), x0.AsInt16());
        dot += ISA.MultiplyAddAdjacent(weights.Second.AsInt16(), x1.AsInt16());
        dot += ISA.MultiplyAddAdjacent(weights.Third.AsInt16(), x2.AsInt16());
        dot += ISA.MultiplyAddAdjacent(weights.Fourth.AsInt16(), x3.AsInt16());
        return dot;
    }
}
