using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using ISA = System.Runtime.Intrinsics.X86.Avx2;
using Vec = System.Runtime.Intrinsics.Vector256;
using VecF = System.Runtime.Intrinsics.Vector256<float>;
using VecI = System.Runtime.Intrinsics.Vector256<int>;
using VecS = System.Runtime.Intrinsics.Vector256<short>;

namespace ManagedGemma.Kernels.Int4;

/// <summary>A vector is half a block: 8 words, one group; even groups sum in one accumulator, odd groups in another.</summary>
internal sealed unsafe class Int4RowInt8Avx2 : Int4RowByDot
{
    private const int BlockDwords = 32;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    protected override float Dot(uint* words, ushort* scales, ushort* biases, int groups, int* x, float* xScales, float* xSums)
    {
        VecF evenProducts = VecF.Zero, oddProducts = VecF.Zero;
        int group = 0;
        for (; group + 2 <= groups; group += 2, x += BlockDwords, words += 16, xScales += 4)
        {
            Sse.Prefetch0((byte*)words + Int4Rows.PrefetchBytes);
            VecF even = GroupDot(Vec.Load((int*)words), x), odd = GroupDot(Vec.Load((int*)words + 8), x + 8);
            evenProducts = Vec.FusedMultiplyAdd(even * HalfScales(xScales), Widen(scales[group]), evenProducts);
            oddProducts = Vec.FusedMultiplyAdd(odd * HalfScales(xScales + 2), Widen(scales[group + 1]), oddProducts);
        }

        if (group < groups)
        {
            VecF even = GroupDot(Vec.Load((int*)words), x);
            evenProducts = Vec.FusedMultiplyAdd(even * HalfScales(xScales), Widen(scales[group]), evenProducts);
        }

        (VecF lower, VecF upper) = Int4BiasSumAvx2.Sum(biases, groups, xSums);
        VecF eight = (evenProducts + lower) + (oddProducts + upper);
        Vector128<float> four = eight.GetLower() + eight.GetUpper();
        return (four[0] + four[2]) + (four[1] + four[3]);
    }

    // Two half groups' scales, each for its four words.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static VecF HalfScales(float* scales) =>
        ISA.PermuteVar8x32(Vec.Create(*(double*)scales).AsSingle(), Vec.Create(0, 0, 0, 0, 1, 1, 1, 1));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static VecF Widen(ushort bits) => Vec.Create(Int4Rows.Widen(bits));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static VecF GroupDot(VecI weights, int* x)
    {
        VecI v = weights;
        VecS even = ISA.MultiplyAddAdjacent((v & Vec.Create(0x0F0F0F0F)).AsByte(), Vec.Load(x).AsSByte());
        VecS odd = ISA.MultiplyAddAdjacent(((v >>> 4) & Vec.Create(0x0F0F0F0F)).AsByte(), Vec.Load(x + 16).AsSByte());
        return Vec.ConvertToSingle(ISA.MultiplyAddAdjacent(even + odd, VecS.One));
    }
}
