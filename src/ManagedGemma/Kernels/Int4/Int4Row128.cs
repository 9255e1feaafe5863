using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Vec = System.Runtime.Intrinsics.Vector128;
using VecF = System.Runtime.Intrinsics.Vector128<float>;
using VecI = System.Runtime.Intrinsics.Vector128<int>;

namespace ManagedGemma.Kernels.Int4;

/// <summary>A vector is a half group of a row: 4 words. Four rows give a vector of half groups' sums, side by side.</summary>
/// <typeparam name="TDots">The instructions that multiply.</typeparam>
internal abstract unsafe class Int4Row128<TDots> : Int4BlockedRow<WordTransposeVector128>
    where TDots : struct, IWordDots<VecI, VecF>
{
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
            for (int row = 0; row < Rows; row += VecF.Count)
            {
                Four<Four<VecI>> weights = Split(words + row, offset);
                if (group % 2 == 0)
                {
                    FetchFour(words + row, ahead);
                }

                for (int token = 0; token < tokens; token++)
                {
                    halves[token] = TDots.Dots(weights, values + (token * toValues));
                }

                weights = Split(words + row, offset + sizeof(VecI));
                for (int token = 0; token < tokens; token++)
                {
                    VecI second = TDots.Dots(weights, values + (token * toValues) + VecI.Count);
                    VecF dots = TDots.Sum(halves[token], second, scales + (token * toScales));
                    AddGroup(block.Sums + (token * Rows) + row, dots, Vec.Create(xSums[token * toSums]), rowScales + row, rowBiases + row);
                }
            }

            values += group % 2 == 0 ? Int4Rows.GroupWords : toNextBlock;
            scales += scalesPerGroup;
            xSums++;
            rowScales += Rows;
            rowBiases += Rows;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Four<Four<VecI>> Split(byte** r, nint offset) => TDots.Split(new(
        Vec.Load((int*)(r[0] + offset)), Vec.Load((int*)(r[1] + offset)), Vec.Load((int*)(r[2] + offset)), Vec.Load((int*)(r[3] + offset))));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void AddGroup(float* sums, VecF dots, VecF xSum, float* scales, float* biases) =>
        Fused128.MultiplyAdd(xSum, Vec.Load(biases), Fused128.MultiplyAdd(dots, Vec.Load(scales), Vec.Load(sums))).Store(sums);
}
