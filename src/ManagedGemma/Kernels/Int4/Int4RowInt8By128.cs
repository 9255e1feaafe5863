using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using VecF = System.Runtime.Intrinsics.Vector128<float>;
using VecI = System.Runtime.Intrinsics.Vector128<int>;

namespace ManagedGemma.Kernels.Int4;

/// <summary>A vector is a quarter of a block: 4 words, half a group; four accumulators for the sixteen sums.</summary>
/// <typeparam name="TDot">The instructions that multiply.</typeparam>
internal abstract unsafe class Int4RowInt8By128<TDot> : Int4RowByDot
    where TDot : struct, IInt8Dot128
{
    private const int BlockDwords = 32;

    [SkipLocalsInit]
    [MethodImpl(KernelMethod.Options)]
    protected sealed override float Dot(uint* words, ushort* scales, ushort* biases, int groups, int* x, float* xScales, float* xSums)
    {
        float* offsets = stackalloc float[Int4BiasSumVector128.Lanes];
        Int4BiasSumVector128.Sum(biases, groups, xSums, offsets);
        VecF p0 = VecF.Zero, p1 = VecF.Zero, p2 = VecF.Zero, p3 = VecF.Zero;
        int group = 0;
        for (; group + 2 <= groups; group += 2, x += BlockDwords, words += 16, xScales += 4)
        {
            if (Sse.IsSupported)
            {
                Sse.Prefetch0((byte*)words + Int4Rows.PrefetchBytes);
            }

            VecF scale = Widen(scales[group]);
            p0 = Fused128.MultiplyAdd(WordDots(words, x) * xScales[0], scale, p0);
            p1 = Fused128.MultiplyAdd(WordDots(words + 4, x + 4) * xScales[1], scale, p1);
            scale = Widen(scales[group + 1]);
            p2 = Fused128.MultiplyAdd(WordDots(words + 8, x + 8) * xScales[2], scale, p2);
            p3 = Fused128.MultiplyAdd(WordDots(words + 12, x + 12) * xScales[3], scale, p3);
        }

        if (group < groups)
        {
            VecF scale = Widen(scales[group]);
            p0 = Fused128.MultiplyAdd(WordDots(words, x) * xScales[0], scale, p0);
            p1 = Fused128.MultiplyAdd(WordDots(words + 4, x + 4) * xScales[1], scale, p1);
        }

        p0 += Vector128.Load(offsets);
        p1 += Vector128.Load(offsets + 4);
        p2 += Vector128.Load(offsets + 8);
        p3 += Vector128.Load(offsets + 12);
        return Lanes128.Halve((p0 + p2) + (p1 + p3));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static VecF Widen(ushort bits) => Vector128.Create(Int4Rows.Widen(bits));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static VecF WordDots(uint* words, int* x)
    {
        VecI v = Vector128.Load((int*)words);
        VecI sums = TDot.Add(VecI.Zero, (v & Vector128.Create(0x0F0F0F0F)).AsByte(), Vector128.Load(x).AsSByte());
        sums = TDot.Add(sums, ((v >>> 4) & Vector128.Create(0x0F0F0F0F)).AsByte(), Vector128.Load(x + 16).AsSByte());
        return Vector128.ConvertToSingle(TDot.Total(sums));
    }
}
