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
    protected override float Dot(uint* words, ushort* scales, ushort* biases, int groups, int* x, float* wordScales, float* wordSums)
    {
        VecF evenProducts = VecF.Zero, evenOffsets = VecF.Zero, oddProducts = VecF.Zero, oddOffsets = VecF.Zero;
        int group = 0;
        for (; group + 2 <= groups; group += 2, x += BlockDwords, words += 16, wordScales += 16, wordSums += 16)
        {
            Sse.Prefetch0((byte*)words + Int4Rows.PrefetchBytes);
            VecF even = GroupDot(Vec.Load((int*)words), x), odd = GroupDot(Vec.Load((int*)words + 8), x + 8);
            evenProducts = Vec.FusedMultiplyAdd(even * Vec.Load(wordScales), Widen(scales[group]), evenProducts);
            evenOffsets = Vec.FusedMultiplyAdd(Vec.Load(wordSums), Widen(biases[group]), evenOffsets);
            oddProducts = Vec.FusedMultiplyAdd(odd * Vec.Load(wordScales + 8), Widen(scales[group + 1]), oddProducts);
            oddOffsets = Vec.FusedMultiplyAdd(Vec.Load(wordSums + 8), Widen(biases[group + 1]), oddOffsets);
        }

        if (group < groups)
        {
            VecF even = GroupDot(Vec.Load((int*)words), x);
            evenProducts = Vec.FusedMultiplyAdd(even * Vec.Load(wordScales), Widen(scales[group]), evenProducts);
            evenOffsets = Vec.FusedMultiplyAdd(Vec.Load(wordSums), Widen(biases[group]), evenOffsets);
        }

        VecF eight = (evenProducts + evenOffsets) + (oddProducts + oddOffsets);
        Vector128<float> four = eight.GetLower() + eight.GetUpper();
        return (four[0] + four[2]) + (four[1] + four[3]);
    }

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
