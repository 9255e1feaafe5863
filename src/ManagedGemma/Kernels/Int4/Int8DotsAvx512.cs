using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using ISA = System.Runtime.Intrinsics.X86.Avx512BW;
using Vec = System.Runtime.Intrinsics.Vector512;
using VecF = System.Runtime.Intrinsics.Vector512<float>;
using VecI = System.Runtime.Intrinsics.Vector512<int>;
using VecS = System.Runtime.Intrinsics.Vector512<short>;

namespace ManagedGemma.Kernels.Int4;

/// <summary>
/// Words are transposed four by four, so that each 128 bits hold a word of four rows, and their sums need no adding across. vpmaddubsw of
/// even and of odd nibbles: a pair is at most 15 · 127 · 2 = 3810, so the eight pairs of a half group add up in 16 bits, and vpmaddwd with
/// the half groups' multiples widens and scales them.
/// </summary>
internal readonly unsafe struct Int8DotsAvx512 : IWordDots512
{
    private const int Multiples = 8;

    public static int BlockDwords => 32;

    public static int GroupScales => 2;

    public static int LaidOut => 9;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void LayOut(int* x, int* scales, VecI* to)
    {
        VecI even = Vec.Load(x), odd = Vec.Load(x + 16);
        to[0] = Avx512F.Shuffle(even, 0x00);
        to[1] = Avx512F.Shuffle(odd, 0x00);
        to[2] = Avx512F.Shuffle(even, 0x55);
        to[3] = Avx512F.Shuffle(odd, 0x55);
        to[4] = Avx512F.Shuffle(even, 0xAA);
        to[5] = Avx512F.Shuffle(odd, 0xAA);
        to[6] = Avx512F.Shuffle(even, 0xFF);
        to[7] = Avx512F.Shuffle(odd, 0xFF);
        to[Multiples] = Avx512F.PermuteVar16x32(
            Avx512F.BroadcastVector128ToVector512(scales), Vec.Create(0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static FourRows512 Split(VecI r0, VecI r1, VecI r2, VecI r3)
    {
        Vector512<long> a0 = Avx512F.UnpackLow(r0, r1).AsInt64(), a1 = Avx512F.UnpackHigh(r0, r1).AsInt64();
        Vector512<long> a2 = Avx512F.UnpackLow(r2, r3).AsInt64(), a3 = Avx512F.UnpackHigh(r2, r3).AsInt64();
        return new FourRows512(
            Nibbles(Avx512F.UnpackLow(a0, a2)), Nibbles(Avx512F.UnpackHigh(a0, a2)), Nibbles(Avx512F.UnpackLow(a1, a3)), Nibbles(Avx512F.UnpackHigh(a1, a3)));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static VecI Dots(FourRows512 weights, VecI* x)
    {
        VecS a = Dot(weights.First.First, x[0]), b = Dot(weights.First.Second, x[1]);
        a += Dot(weights.Second.First, x[2]);
        b += Dot(weights.Second.Second, x[3]);
        a += Dot(weights.Third.First, x[4]);
        b += Dot(weights.Third.Second, x[5]);
        a += Dot(weights.Fourth.First, x[6]);
        b += Dot(weights.Fourth.Second, x[7]);
        return ISA.MultiplyAddAdjacent(a + b, x[Multiples].AsInt16());
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static VecF Scale(VecI dots, int* scale) => Vec.ConvertToSingle(dots);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static WordNibbles512 Nibbles(Vector512<long> words) =>
        new(words.AsInt32() & Vec.Create(0x0F0F0F0F), (words.AsInt32() >>> 4) & Vec.Create(0x0F0F0F0F), default, default);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static VecS Dot(VecI weights, VecI x) => ISA.MultiplyAddAdjacent(weights.AsByte(), x.AsSByte());
}
