using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Vec = System.Runtime.Intrinsics.Vector256;
using VecF = System.Runtime.Intrinsics.Vector256<float>;

namespace ManagedGemma.Kernels.Int4;

/// <summary>
/// A vector is half a block: 8 words, one group; even groups sum in one accumulator, odd groups in another. A tile is one row by four
/// tokens: eight sums of the sixteen registers.
/// </summary>
/// <typeparam name="TDots">The instructions that multiply.</typeparam>
internal abstract unsafe class Int4RowAvx2<TDots> : Int4TiledRow
    where TDots : struct, IWordDots256
{
    [MethodImpl(KernelMethod.Options)]
    protected sealed override void MultiplyToken(in Int4Rows rows, QuantizedActivations x, int token, float* y)
    {
        int groups = rows.Groups;
        uint* words = rows.Words;
        ushort* scales = rows.Scales, biases = rows.Biases;
        for (int row = 0; row < rows.Count; row++, words += (groups & 1) * Int4Rows.GroupWords, scales += groups, biases += groups)
        {
            Int4Rows.PrefetchGroups(scales, biases, groups);
            int* v = (int*)x.Values(token, 0);
            float* xScales = x.RowScalesOf(token);
            VecF even = VecF.Zero, odd = VecF.Zero;
            int group = 0;
            for (; group + 2 <= groups; group += 2, v += TDots.BlockDwords, words += 16, xScales += 4)
            {
                Sse.Prefetch0((byte*)words + Int4Rows.PrefetchBytes);
                Add(TDots.Split(Vec.Load((int*)words)), Widen(scales[group]), v, xScales, ref even);
                Add(TDots.Split(Vec.Load((int*)words + 8)), Widen(scales[group + 1]), v + 8, xScales + 2, ref odd);
            }

            if (group < groups)
            {
                Add(TDots.Split(Vec.Load((int*)words)), Widen(scales[group]), v, xScales, ref even);
            }

            y[row] = Total(even, odd, biases, groups, x.RowSumsOf(token));
        }
    }

    [MethodImpl(KernelMethod.Options)]
    protected sealed override void MultiplyTile(in Int4Rows rows, QuantizedActivations x, int token, float* y, nint yStride)
    {
        int groups = rows.Groups;
        nint toValues = x.RowValueDwords, toScales = x.RowScales;
        uint* words = rows.Words;
        ushort* scales = rows.Scales, biases = rows.Biases;
        for (int row = 0; row < rows.Count; row++, words += (groups & 1) * Int4Rows.GroupWords, scales += groups, biases += groups)
        {
            Int4Rows.PrefetchGroups(scales, biases, groups);
            int* v = (int*)x.Values(token, 0);
            float* xScales = x.RowScalesOf(token);
            VecF even0 = VecF.Zero, even1 = VecF.Zero, even2 = VecF.Zero, even3 = VecF.Zero;
            VecF odd0 = VecF.Zero, odd1 = VecF.Zero, odd2 = VecF.Zero, odd3 = VecF.Zero;
            int group = 0;
            for (; group + 2 <= groups; group += 2, v += TDots.BlockDwords, words += 16, xScales += 4)
            {
                Sse.Prefetch0((byte*)words + Int4Rows.PrefetchBytes);
                WordNibbles256 w = TDots.Split(Vec.Load((int*)words));
                VecF s = Widen(scales[group]);
                Add(w, s, v, xScales, ref even0);
                Add(w, s, v + toValues, xScales + toScales, ref even1);
                Add(w, s, v + (2 * toValues), xScales + (2 * toScales), ref even2);
                Add(w, s, v + (3 * toValues), xScales + (3 * toScales), ref even3);
                w = TDots.Split(Vec.Load((int*)words + 8));
                s = Widen(scales[group + 1]);
                Add(w, s, v + 8, xScales + 2, ref odd0);
                Add(w, s, v + 8 + toValues, xScales + 2 + toScales, ref odd1);
                Add(w, s, v + 8 + (2 * toValues), xScales + 2 + (2 * toScales), ref odd2);
                Add(w, s, v + 8 + (3 * toValues), xScales + 2 + (3 * toScales), ref odd3);
            }

            if (group < groups)
            {
                WordNibbles256 w = TDots.Split(Vec.Load((int*)words));
                VecF s = Widen(scales[group]);
                Add(w, s, v, xScales, ref even0);
                Add(w, s, v + toValues, xScales + toScales, ref even1);
                Add(w, s, v + (2 * toValues), xScales + (2 * toScales), ref even2);
                Add(w, s, v + (3 * toValues), xScales + (3 * toScales), ref even3);
            }

            float* to = y + row;
            to[0] = Total(even0, odd0, biases, groups, x.RowSumsOf(token));
            to[yStride] = Total(even1, odd1, biases, groups, x.RowSumsOf(token + 1));
            to[2 * yStride] = Total(even2, odd2, biases, groups, x.RowSumsOf(token + 2));
            to[3 * yStride] = Total(even3, odd3, biases, groups, x.RowSumsOf(token + 3));
        }
    }

    // A row's group with one token.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Add(WordNibbles256 weights, VecF scale, int* v, float* xScales, ref VecF sums) =>
        sums = Vec.FusedMultiplyAdd(TDots.Dots(weights, v) * HalfScales(xScales), scale, sums);

    // Two half groups' scales, each for its four words.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static VecF HalfScales(float* scales) =>
        Avx2.PermuteVar8x32(Vec.Create(*(double*)scales).AsSingle(), Vec.Create(0, 0, 0, 0, 1, 1, 1, 1));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static VecF Widen(ushort bits) => Vec.Create(Int4Rows.Widen(bits));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float Total(VecF even, VecF odd, ushort* biases, int groups, float* sums)
    {
        (VecF lower, VecF upper) = Int4BiasSumAvx2.Sum(biases, groups, sums);
        VecF eight = (even + lower) + (odd + upper);
        Vector128<float> four = eight.GetLower() + eight.GetUpper();
        return (four[0] + four[2]) + (four[1] + four[3]);
    }
}
