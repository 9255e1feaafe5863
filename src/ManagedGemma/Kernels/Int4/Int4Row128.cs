using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Table = ManagedGemma.Kernels.Int4.Int4RowTable<ManagedGemma.Kernels.Int4.WordTransposeVector128>;
using Vec = System.Runtime.Intrinsics.Vector128;
using VecF = System.Runtime.Intrinsics.Vector128<float>;
using VecI = System.Runtime.Intrinsics.Vector128<int>;

namespace ManagedGemma.Kernels.Int4;

/// <summary>
/// A vector is a half group of a row: 4 words. Those of four rows are transposed, so that a vector holds a word of each, and give the half
/// group's sums side by side.
/// </summary>
/// <typeparam name="TDots">The instructions that multiply.</typeparam>
internal abstract unsafe class Int4Row128<TDots> : Int4BlockedRow
    where TDots : struct, IWordDots128
{
    private const int SumRows = 4;

    [MethodImpl(KernelMethod.Options)]
    protected sealed override void Add(in Int4Rows rows, QuantizedActivations x, in Int4RowScratch block)
    {
        int groups = rows.Groups, tokens = x.Tokens;
        nint toValues = x.RowValueDwords, toSums = x.RowGroups, toScales = toSums * TDots.GroupScales;
        int* values = (int*)x.Values(0, 0), scales = (int*)x.ScaleOf(0, 0);
        float* xSums = x.SumOf(0, 0), rowScales = block.Scales, rowBiases = block.Biases;
        VecI* halves = (VecI*)block.Halves;
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
            for (int first = 0; first < Rows; first += SumRows)
            {
                FourWords128 weights = Transposed(words + first, offset);
                if ((group & 1) == 0)
                {
                    FetchFour(words + first, ahead);
                }

                for (int token = 0; token < tokens; token++)
                {
                    halves[token] = TDots.Dots(weights, values + (token * toValues), scales + (token * toScales), 0);
                }

                weights = Transposed(words + first, offset + sizeof(VecI));
                VecF w = Vec.Load(rowScales + first), b = Vec.Load(rowBiases + first);
                for (int token = 0; token < tokens; token++)
                {
                    int* scale = scales + (token * toScales);
                    VecI dots = halves[token] + TDots.Dots(weights, values + (token * toValues) + 4, scale, 1);
                    VecF xSum = Vec.Create(xSums[token * toSums]);
                    float* to = block.Sums + (token * Rows) + first;
                    Fused128.MultiplyAdd(xSum, b, Fused128.MultiplyAdd(TDots.Scale(dots, scale), w, Vec.Load(to))).Store(to);
                }
            }

            values += (group & 1) == 0 ? Int4Rows.GroupWords : TDots.BlockDwords - Int4Rows.GroupWords;
            scales += TDots.GroupScales;
            xSums++;
            rowScales += Rows;
            rowBiases += Rows;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static FourWords128 Transposed(byte** rows, nint offset)
    {
        Vector128<uint> a = Vec.Load((uint*)(rows[0] + offset)), b = Vec.Load((uint*)(rows[1] + offset));
        Vector128<uint> c = Vec.Load((uint*)(rows[2] + offset)), d = Vec.Load((uint*)(rows[3] + offset));
        Lanes128.Transpose(ref a, ref b, ref c, ref d);
        return new FourWords128(a.AsInt32(), b.AsInt32(), c.AsInt32(), d.AsInt32());
    }
}
