using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using ISA = System.Runtime.Intrinsics.X86.Avx512F;
using Vec = System.Runtime.Intrinsics.Vector512;
using VecF = System.Runtime.Intrinsics.Vector512<float>;
using VecI = System.Runtime.Intrinsics.Vector512<int>;

namespace ManagedGemma.Kernels.Int4;

/// <summary>
/// A vector is two groups of a row: 16 words. Four rows give a vector of half groups' sums, four of those the sums of two groups, sixteen rows
/// side by side.
/// </summary>
/// <typeparam name="TDots">The instructions that multiply.</typeparam>
internal abstract unsafe class Int4RowAvx512<TDots> : Int4BlockedRow<WordTransposeAvx512>
    where TDots : struct, IWordDots<VecI, VecF>
{
    private const int Fours = Rows / 4;

    // For Shuffle4x128: lanes 0 and 2, or 1 and 3, of both vectors.
    private const byte Even = 0x88;
    private const byte Odd = 0xDD;

    [SkipLocalsInit]
    [MethodImpl(KernelMethod.Options)]
    protected sealed override void Add(byte** words, int first, int groups, QuantizedActivations x, in Int4RowScratch block)
    {
        int tokens = x.Tokens, blockDwords = x.BlockDwords, scalesPerGroup = x.ScalesPerGroup, end = first + groups;
        nint toValues = x.RowValueDwords, toScales = x.RowScaleDwords, toSums = x.RowGroups;
        int* values = (int*)x.Values(0, first / 2), scales = x.Scales(0, first);
        float* xSums = x.SumOf(0, first), rowScales = block.Scales, rowBiases = block.Biases;
        VecI* halves = (VecI*)block.Halves;
        byte* tail = stackalloc byte[Rows * sizeof(VecI)];
        for (int group = first; group < end; group += 2)
        {
            nint offset = (nint)group * Int4Rows.GroupWords * sizeof(uint), ahead = Ahead(offset, x.Groups);
            if (group + 1 == end)
            {
                CopyTail(words, offset, tail);
            }

            for (int four = 0; four < Fours; four++)
            {
                byte** r = words + (4 * four);
                Four<Four<VecI>> weights = Split(r, offset);
                FetchFour(r, ahead);
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
                float* xSum = xSums + (token * toSums), sums = block.Sums + (token * Rows);
                VecI first0 = ISA.Shuffle4x128(half[0], half[1], Even), second0 = ISA.Shuffle4x128(half[0], half[1], Odd);
                VecI first8 = ISA.Shuffle4x128(half[2], half[3], Even), second8 = ISA.Shuffle4x128(half[2], half[3], Odd);
                VecF dots = TDots.Sum(ISA.Shuffle4x128(first0, first8, Even), ISA.Shuffle4x128(second0, second8, Even), scale);
                AddGroup(sums, dots, Vec.Create(xSum[0]), rowScales, rowBiases);
                if (group + 1 < end)
                {
                    dots = TDots.Sum(ISA.Shuffle4x128(first0, first8, Odd), ISA.Shuffle4x128(second0, second8, Odd), scale + scalesPerGroup);
                    AddGroup(sums, dots, Vec.Create(xSum[1]), rowScales + Rows, rowBiases + Rows);
                }
            }

            values += blockDwords;
            scales += 2 * scalesPerGroup;
            xSums += 2;
            rowScales += 2 * Rows;
            rowBiases += 2 * Rows;
        }
    }

    // A last group alone is read from a copy with zeros behind it: behind the row itself the file may end.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void CopyTail(byte** words, nint offset, byte* tail)
    {
        for (int row = 0; row < Rows; row++, tail += sizeof(VecI))
        {
            Vector256.Load((int*)(words[row] + offset)).ToVector512().Store((int*)tail);
            words[row] = tail - offset;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Four<Four<VecI>> Split(byte** r, nint offset) => TDots.Split(new(
        Vec.Load((int*)(r[0] + offset)), Vec.Load((int*)(r[1] + offset)), Vec.Load((int*)(r[2] + offset)), Vec.Load((int*)(r[3] + offset))));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void AddGroup(float* sums, VecF dots, VecF xSum, float* scales, float* biases) =>
        Vec.FusedMultiplyAdd(xSum, Vec.Load(biases), Vec.FusedMultiplyAdd(dots, Vec.Load(scales), Vec.Load(sums))).Store(sums);
}
