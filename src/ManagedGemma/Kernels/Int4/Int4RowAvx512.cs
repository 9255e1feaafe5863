using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Vec = System.Runtime.Intrinsics.Vector512;
using VecF = System.Runtime.Intrinsics.Vector512<float>;

namespace ManagedGemma.Kernels.Int4;

/// <summary>
/// A vector is one block: 16 words, two groups, whose scales fill its lower and its upper half. A tile is two rows by four tokens: what a
/// token brings is read once for both rows.
/// </summary>
/// <typeparam name="TDots">The instructions that multiply.</typeparam>
internal abstract unsafe class Int4RowAvx512<TDots> : Int4TiledRow
    where TDots : struct, IWordDots512
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
            VecF products = VecF.Zero;
            int group = 0;
            for (; group + 2 <= groups; group += 2, v += TDots.BlockDwords, words += 16, xScales += 4)
            {
                Sse.Prefetch0((byte*)words + Int4Rows.PrefetchBytes);
                VecF dots = TDots.Dots(TDots.Split(Vec.Load((int*)words)), v);
                products = Vec.FusedMultiplyAdd(dots * HalfScales(xScales), Pair(*(uint*)(scales + group)), products);
            }

            if (group < groups)
            {
                VecF dots = TDots.Dots(TDots.Split(Vector256.Load((int*)words).ToVector512()), v);
                products = Vec.FusedMultiplyAdd(dots * HalfScales(xScales), Pair(scales[group]), products);
            }

            y[row] = Total(products, biases, groups, x.RowSumsOf(token));
        }
    }

    [MethodImpl(KernelMethod.Options)]
    protected sealed override void MultiplyTile(in Int4Rows rows, QuantizedActivations x, int token, float* y, nint yStride)
    {
        int groups = rows.Groups;
        nint toValues = x.RowValueDwords, toScales = x.RowScales;
        for (int row = 0; row < rows.Count; row += 2)
        {
            // The last of an odd number is a pair with itself.
            Int4Rows lower = rows.Slice(row, 1), upper = rows.Slice(Math.Min(row + 1, rows.Count - 1), 1);
            uint* words = lower.Words;
            ushort* scales = lower.Scales;
            nint toWords = (nint)(upper.Words - words), toUpper = (nint)(upper.Scales - scales);
            Int4Rows.PrefetchGroups(scales, lower.Biases, groups);
            Int4Rows.PrefetchGroups(scales + groups, lower.Biases + groups, groups);
            byte* next = (byte*)(words + (2 * toWords));
            int* v = (int*)x.Values(token, 0);
            float* xScales = x.RowScalesOf(token);
            VecF c00 = VecF.Zero, c01 = VecF.Zero, c02 = VecF.Zero, c03 = VecF.Zero;
            VecF c10 = VecF.Zero, c11 = VecF.Zero, c12 = VecF.Zero, c13 = VecF.Zero;
            int group = 0;
            for (; group + 2 <= groups; group += 2, v += TDots.BlockDwords, words += 16, xScales += 4, next += 128)
            {
                Sse.Prefetch0(next);
                Sse.Prefetch0(next + 64);
                WordNibbles512 w0 = TDots.Split(Vec.Load((int*)words)), w1 = TDots.Split(Vec.Load((int*)(words + toWords)));
                VecF s0 = Pair(*(uint*)(scales + group)), s1 = Pair(*(uint*)(scales + group + toUpper));
                Add(w0, w1, s0, s1, v, xScales, ref c00, ref c10);
                Add(w0, w1, s0, s1, v + toValues, xScales + toScales, ref c01, ref c11);
                Add(w0, w1, s0, s1, v + (2 * toValues), xScales + (2 * toScales), ref c02, ref c12);
                Add(w0, w1, s0, s1, v + (3 * toValues), xScales + (3 * toScales), ref c03, ref c13);
            }

            if (group < groups)
            {
                WordNibbles512 w0 = TDots.Split(Vector256.Load((int*)words).ToVector512());
                WordNibbles512 w1 = TDots.Split(Vector256.Load((int*)(words + toWords)).ToVector512());
                VecF s0 = Pair(scales[group]), s1 = Pair(scales[group + toUpper]);
                Add(w0, w1, s0, s1, v, xScales, ref c00, ref c10);
                Add(w0, w1, s0, s1, v + toValues, xScales + toScales, ref c01, ref c11);
                Add(w0, w1, s0, s1, v + (2 * toValues), xScales + (2 * toScales), ref c02, ref c12);
                Add(w0, w1, s0, s1, v + (3 * toValues), xScales + (3 * toScales), ref c03, ref c13);
            }

            float* to = y + row;
            to[0] = Total(c00, lower.Biases, groups, x.RowSumsOf(token));
            to[yStride] = Total(c01, lower.Biases, groups, x.RowSumsOf(token + 1));
            to[2 * yStride] = Total(c02, lower.Biases, groups, x.RowSumsOf(token + 2));
            to[3 * yStride] = Total(c03, lower.Biases, groups, x.RowSumsOf(token + 3));
            to += toWords == 0 ? 0 : 1;
            to[0] = Total(c10, upper.Biases, groups, x.RowSumsOf(token));
            to[yStride] = Total(c11, upper.Biases, groups, x.RowSumsOf(token + 1));
            to[2 * yStride] = Total(c12, upper.Biases, groups, x.RowSumsOf(token + 2));
            to[3 * yStride] = Total(c13, upper.Biases, groups, x.RowSumsOf(token + 3));
        }
    }

    // Two rows' block with one token.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Add(WordNibbles512 w0, WordNibbles512 w1, VecF s0, VecF s1, int* v, float* xScales, ref VecF c0, ref VecF c1)
    {
        VecF s = HalfScales(xScales);
        c0 = Vec.FusedMultiplyAdd(TDots.Dots(w0, v) * s, s0, c0);
        c1 = Vec.FusedMultiplyAdd(TDots.Dots(w1, v) * s, s1, c1);
    }

    // Four half groups' scales, each for its four words.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static VecF HalfScales(float* scales) =>
        Avx512F.PermuteVar16x32(Avx512F.BroadcastVector128ToVector512(scales), Vec.Create(0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3));

    // Two bf16 as floats: the lower in lanes 0..7, the upper in lanes 8..15.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static VecF Pair(uint bits) =>
        Avx512BW.Shuffle(Vec.Create(bits).AsByte(), Vec.Create(
            0x01008080u, 0x01008080, 0x01008080, 0x01008080, 0x01008080, 0x01008080, 0x01008080, 0x01008080,
            0x03028080, 0x03028080, 0x03028080, 0x03028080, 0x03028080, 0x03028080, 0x03028080, 0x03028080).AsByte()).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float Total(VecF products, ushort* biases, int groups, float* sums)
    {
        VecF lanes = products + Int4BiasSumAvx512.Sum(biases, groups, sums);
        Vector256<float> eight = lanes.GetLower() + lanes.GetUpper();
        Vector128<float> four = eight.GetLower() + eight.GetUpper();
        return (four[0] + four[2]) + (four[1] + four[3]);
    }
}
