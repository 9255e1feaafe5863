using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using ISA = System.Runtime.Intrinsics.X86.Avx512BW;
using Vec = System.Runtime.Intrinsics.Vector512;
using VecF = System.Runtime.Intrinsics.Vector512<float>;
using VecI = System.Runtime.Intrinsics.Vector512<int>;
using VecS = System.Runtime.Intrinsics.Vector512<short>;

namespace ManagedGemma.Kernels.Int4;

/// <summary>A vector is one block: 16 words, two groups, whose scales fill its lower and its upper half.</summary>
internal sealed unsafe class Int4RowInt8Avx512 : Int4RowByDot
{
    private const int BlockDwords = 32;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    protected override float Dot(uint* words, ushort* scales, ushort* biases, int groups, int* x, float* xScales, float* xSums)
    {
        VecF products = VecF.Zero;
        int group = 0;
        for (; group + 2 <= groups; group += 2, x += BlockDwords, words += 16, xScales += 4)
        {
            Sse.Prefetch0((byte*)words + Int4Rows.PrefetchBytes);
            VecF dot = BlockDot(Vec.Load((int*)words), x);
            products = Vec.FusedMultiplyAdd(dot * HalfScales(xScales), Pair(*(uint*)(scales + group)), products);
        }

        if (group < groups)
        {
            // The upper half is not there: zero weights, and activations that are filled up with zeros.
            VecF dot = BlockDot(Vector256.Load((int*)words).ToVector512(), x);
            products = Vec.FusedMultiplyAdd(dot * HalfScales(xScales), Pair(scales[group]), products);
        }

        VecF lanes = products + Int4BiasSumAvx512.Sum(biases, groups, xSums);
        Vector256<float> eight = lanes.GetLower() + lanes.GetUpper();
        Vector128<float> four = eight.GetLower() + eight.GetUpper();
        return (four[0] + four[2]) + (four[1] + four[3]);
    }

    // Four half groups' scales, each for its four words.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static VecF HalfScales(float* scales) =>
        Avx512F.PermuteVar16x32(Avx512F.BroadcastVector128ToVector512(scales), Vec.Create(0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3));

    // Two bf16 as floats: the lower in lanes 0..7, the upper in lanes 8..15.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static VecF Pair(uint bits) =>
        (Avx512F.ShiftLeftLogicalVariable(
            Vec.Create(bits),
            Vec.Create(16u, 16, 16, 16, 16, 16, 16, 16, 0, 0, 0, 0, 0, 0, 0, 0)) & Vec.Create(0xFFFF0000)).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static VecF BlockDot(VecI weights, int* x)
    {
        VecI v = weights;
        VecS even = ISA.MultiplyAddAdjacent((v & Vec.Create(0x0F0F0F0F)).AsByte(), Vec.Load(x).AsSByte());
        VecS odd = ISA.MultiplyAddAdjacent(((v >>> 4) & Vec.Create(0x0F0F0F0F)).AsByte(), Vec.Load(x + 16).AsSByte());
        return Vec.ConvertToSingle(ISA.MultiplyAddAdjacent(even + odd, VecS.One));
    }
}
