using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using ISA = System.Runtime.Intrinsics.X86.Avx2;
using Table = ManagedGemma.Kernels.Int4.Int4RowTable<ManagedGemma.Kernels.Int4.WordTransposeAvx2>;
using Vec = System.Runtime.Intrinsics.Vector256;
using VecF = System.Runtime.Intrinsics.Vector256<float>;
using VecI = System.Runtime.Intrinsics.Vector256<int>;

namespace ManagedGemma.Kernels.Int4;

/// <summary>
/// A vector is a group of a row: 8 words. Four rows give a vector of half groups' sums, two of those the sums of a group, eight rows side by
/// side.
/// </summary>
/// <typeparam name="TDots">The instructions that multiply.</typeparam>
internal abstract unsafe class Int4RowAvx2<TDots> : Int4BlockedRow
    where TDots : struct, IWordDots256
{
    private const int SumRows = 8;
    private const int Fours = SumRows / 4;

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
        for (int group = 0; group < groups; group++)
        {
            if (group % Int4RowScratch.TableGroups == 0)
            {
                rowScales = Table.Load(rows.Scales, rows, group, block.Scales);
                rowBiases = Table.Load(rows.Biases, rows, group, block.Biases);
                FetchTables(rows, group);
            }

            nint offset = (nint)group * Int4Rows.GroupWords * sizeof(uint), ahead = Ahead(offset, groups);
            for (int token = 0; token < tokens; token++)
            {
                TDots.LayOut(values + (token * toValues), scales + (token * toScales), laidOut + (token * TDots.LaidOut));
            }

            for (int first = 0; first < Rows; first += SumRows)
            {
                for (int four = 0; four < Fours; four++)
                {
                    byte** r = words + first + (4 * four);
                    FourRows256 weights = TDots.Split(
                        Vec.Load((int*)(r[0] + offset)), Vec.Load((int*)(r[1] + offset)), Vec.Load((int*)(r[2] + offset)), Vec.Load((int*)(r[3] + offset)));
                    if ((group & 1) == 0)
                    {
                        FetchFour(r, ahead);
                    }

                    VecI* v = laidOut, half = halves + four;
                    for (int token = 0; token < tokens; token++, v += TDots.LaidOut, half += Fours)
                    {
                        *half = TDots.Dots(weights, v);
                    }
                }

                VecF w = Vec.Load(rowScales + first), b = Vec.Load(rowBiases + first);
                for (int token = 0; token < tokens; token++)
                {
                    VecI* half = halves + (token * Fours);
                    VecI dots = ISA.Permute2x128(half[0], half[1], 0x20) + ISA.Permute2x128(half[0], half[1], 0x31);
                    VecF xSum = Vec.Create(xSums[token * toSums]);
                    float* to = block.Sums + (token * Rows) + first;
                    Vec.FusedMultiplyAdd(xSum, b, Vec.FusedMultiplyAdd(TDots.Scale(dots, scales + (token * toScales)), w, Vec.Load(to))).Store(to);
                }
            }

            values += (group & 1) == 0 ? Int4Rows.GroupWords : TDots.BlockDwords - Int4Rows.GroupWords;
            scales += TDots.GroupScales;
            xSums++;
            rowScales += Rows;
            rowBiases += Rows;
        }
    }
}
