using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using ISA = System.Runtime.Intrinsics.X86.Avx2;
using Vec = System.Runtime.Intrinsics.Vector256;
using VecF = System.Runtime.Intrinsics.Vector256<float>;
using VecI = System.Runtime.Intrinsics.Vector256<int>;

namespace ManagedGemma.Kernels.Int4;

/// <summary>
/// A vector is a group of a row: 8 words. Four rows give a vector of half groups' sums, two of those the sums of a group, eight rows side by
/// side.
/// </summary>
/// <typeparam name="TDots">The instructions that multiply.</typeparam>
internal abstract unsafe class Int4RowAvx2<TDots> : Int4BlockedRow<WordTransposeAvx2>
    where TDots : struct, IWordDots<VecI, VecF>
{
    private const int Fours = Rows / 4;

    [MethodImpl(KernelMethod.Options)]
    protected sealed override void Add(byte** words, int first, int groups, QuantizedActivations x, in Int4RowScratch block)
    {
        int tokens = x.Tokens, toNextBlock = x.BlockDwords - Int4Rows.GroupWords, scalesPerGroup = x.ScalesPerGroup;
        nint toValues = x.RowValueDwords, toScales = x.RowScaleDwords, toSums = x.RowGroups;
        int* values = (int*)x.Values(0, first / 2), scales = x.Scales(0, first);
        float* xSums = x.SumOf(0, first), rowScales = block.Scales, rowBiases = block.Biases;
        VecI* halves = (VecI*)block.Halves;
        for (int group = first; group < first + groups; group++)
        {
            nint offset = (nint)group * Int4Rows.GroupWords * sizeof(uint), ahead = Ahead(offset, x.Groups);
            for (int four = 0; four < Fours; four++)
            {
                byte** r = words + (4 * four);
                Four<Four<VecI>> weights = Split(r, offset);
                if (group % 2 == 0)
                {
                    FetchFour(r, ahead);
                }

                int* v = values;
                VecI* half = halves + four;
                for (int token = 0; token < tokens; token++, v += toValues, half += Fours)
                {
                    *half = TDots.Dots(weights, v);
                }
            }

            for (int token = 0; token < tokens; token++)
            {
                VecI* half = halves + (token * Fours);
                int* scale = scales + (token * toScales);
                float* sums = block.Sums + (token * Rows);
                VecF xSum = Vec.Create(xSums[token * toSums]);
                AddGroup(sums, Sum(half[0], half[1], scale), xSum, rowScales, rowBiases);
                AddGroup(sums + VecF.Count, Sum(half[2], half[3], scale), xSum, rowScales + VecF.Count, rowBiases + VecF.Count);
            }

            values += group % 2 == 0 ? Int4Rows.GroupWords : toNextBlock;
            scales += scalesPerGroup;
            xSums++;
            rowScales += Rows;
            rowBiases += Rows;
        }
    }

    // Both halves of a group, four rows in 128 bits: the group's sums of eight rows.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static VecF Sum(VecI low, VecI high, int* scale) =>
        TDots.Sum(ISA.Permute2x128(low, high, 0x20), ISA.Permute2x128(low, high, 0x31), scale);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Four<Four<VecI>> Split(byte** r, nint offset) => TDots.Split(new(
        Vec.Load((int*)(r[0] + offset)), Vec.Load((int*)(r[1] + offset)), Vec.Load((int*)(r[2] + offset)), Vec.Load((int*)(r[3] + offset))));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void AddGroup(float* sums, VecF dots, VecF xSum, float* scales, float* biases) =>
        Vec.FusedMultiplyAdd(xSum, Vec.Load(biases), Vec.FusedMultiplyAdd(dots, Vec.Load(scales), Vec.Load(sums))).Store(sums);
}
