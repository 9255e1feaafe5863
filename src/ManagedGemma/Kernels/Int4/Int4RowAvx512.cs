using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using ISA = System.Runtime.Intrinsics.X86.Avx512F;
using Table = ManagedGemma.Kernels.Int4.Int4RowTable<ManagedGemma.Kernels.Int4.WordTransposeAvx512>;
using Vec = System.Runtime.Intrinsics.Vector512;
using VecF = System.Runtime.Intrinsics.Vector512<float>;
using VecI = System.Runtime.Intrinsics.Vector512<int>;

namespace ManagedGemma.Kernels.Int4;

/// <summary>
/// A vector is one block of a row: 16 words, two groups. Four rows give a vector of half groups' sums, four of those the sums of two groups,
/// sixteen rows side by side.
/// </summary>
/// <typeparam name="TDots">The instructions that multiply.</typeparam>
internal abstract unsafe class Int4RowAvx512<TDots> : Int4BlockedRow
    where TDots : struct, IWordDots512
{
    private const int GroupsAtOnce = 2;
    private const int Fours = Rows / 4;

    [SkipLocalsInit]
    [MethodImpl(KernelMethod.Options)]
    protected sealed override void Add(in Int4Rows rows, QuantizedActivations x, in Int4RowScratch block)
    {
        int groups = rows.Groups, tokens = x.Tokens;
        nint toValues = x.RowValueDwords, toSums = x.RowGroups, toScales = toSums * TDots.GroupScales;
        int* values = (int*)x.Values(0, 0), scales = (int*)x.ScaleOf(0, 0);
        float* xSums = x.SumOf(0, 0), rowScales = block.Scales, rowBiases = block.Biases;
        VecI* laidOut = (VecI*)block.LaidOut, halves = (VecI*)block.Halves;
        byte** words = stackalloc byte*[Rows];
        Int4Rows.Point(rows.Words, groups * Int4Rows.GroupWords * sizeof(uint), rows.Count, words, Rows);
        byte* tail = stackalloc byte[Rows * sizeof(VecI)];
        for (int group = 0; group < groups; group += GroupsAtOnce)
        {
            if (group % Int4RowScratch.TableGroups == 0)
            {
                rowScales = Table.Load(rows.Scales, rows, group, block.Scales);
                rowBiases = Table.Load(rows.Biases, rows, group, block.Biases);
                FetchTables(rows, group);
            }

            nint offset = (nint)group * Int4Rows.GroupWords * sizeof(uint), ahead = Ahead(offset, groups);
            if (group + 1 == groups)
            {
                CopyTail(words, offset, tail);
            }

            for (int token = 0; token < tokens; token++)
            {
                TDots.LayOut(values + (token * toValues), scales + (token * toScales), laidOut + (token * TDots.LaidOut));
            }

            for (int four = 0; four < Fours; four++)
            {
                byte** r = words + (4 * four);
                FourRows512 weights = TDots.Split(
                    Vec.Load((int*)(r[0] + offset)), Vec.Load((int*)(r[1] + offset)), Vec.Load((int*)(r[2] + offset)), Vec.Load((int*)(r[3] + offset)));
                FetchFour(r, ahead);
                VecI* v = laidOut, half = halves + four;
                for (int token = 0; token < tokens; token++, v += TDots.LaidOut, half += Fours)
                {
                    *half = TDots.Dots(weights, v);
                }
            }

            for (int token = 0; token < tokens; token++)
            {
                VecI* half = halves + (token * Fours);
                VecI low = Halved(half[0], half[1]), high = Halved(half[2], half[3]);
                int* scale = scales + (token * toScales);
                float* xSum = xSums + (token * toSums), to = block.Sums + (token * Rows);
                VecF sum = AddGroup(Vec.Load(to), TDots.Scale(ISA.Shuffle4x128(low, high, 0x88), scale), xSum[0], rowScales, rowBiases);
                if (group + 1 < groups)
                {
                    sum = AddGroup(
                        sum, TDots.Scale(ISA.Shuffle4x128(low, high, 0xDD), scale + TDots.GroupScales), xSum[1], rowScales + Rows, rowBiases + Rows);
                }

                sum.Store(to);
            }

            values += TDots.BlockDwords;
            scales += GroupsAtOnce * TDots.GroupScales;
            xSums += GroupsAtOnce;
            rowScales += GroupsAtOnce * Rows;
            rowBiases += GroupsAtOnce * Rows;
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

    // Both halves of both groups, four rows in 128 bits: to the groups' sums of eight rows.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static VecI Halved(VecI first, VecI second) => ISA.Shuffle4x128(first, second, 0x88) + ISA.Shuffle4x128(first, second, 0xDD);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static VecF AddGroup(VecF sum, VecF dots, float xSum, float* scales, float* biases) =>
        Vec.FusedMultiplyAdd(Vec.Create(xSum), Vec.Load(biases), Vec.FusedMultiplyAdd(dots, Vec.Load(scales), sum));
}
