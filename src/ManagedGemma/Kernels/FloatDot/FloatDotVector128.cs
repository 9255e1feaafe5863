using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace ManagedGemma.Kernels.FloatDot;

/// <summary>Eight vectors of sums, which is what sixteen registers hold: the first 32 of the 64 sums, then the others.</summary>
internal sealed unsafe class FloatDotVector128 : IFloatDot
{
    private const int HalfSums = IFloatDot.Sums / 2;

    [SkipLocalsInit]
    public float Dot(float* w, float* x, int columns)
    {
        int left = columns % IFloatDot.Sums;
        float* rest = stackalloc float[2 * IFloatDot.Sums];
        float* sums = stackalloc float[IFloatDot.Sums];
        if (left > 0)
        {
            FloatDotTail.Pad(w + (columns - left), x + (columns - left), left, rest);
        }

        AddHalf(w, x, columns - left, left > 0 ? rest : null, sums);
        AddHalf(w + HalfSums, x + HalfSums, columns - left, left > 0 ? rest + HalfSums : null, sums + HalfSums);
        for (int half = HalfSums; half >= Vector128<float>.Count; half /= 2)
        {
            for (int i = 0; i < half; i += Vector128<float>.Count)
            {
                (Vector128.Load(sums + i) + Vector128.Load(sums + i + half)).Store(sums + i);
            }
        }

        return Lanes128.Halve(Vector128.Load(sums));
    }

    [MethodImpl(KernelMethod.Options)]
    private static void AddHalf(float* w, float* x, int columns, float* rest, float* sums)
    {
        Vector128<float> s0 = Vector128<float>.Zero, s1 = s0, s2 = s0, s3 = s0, s4 = s0, s5 = s0, s6 = s0, s7 = s0;
        for (float* end = w + columns; w < end; w += IFloatDot.Sums, x += IFloatDot.Sums)
        {
            Add(w, x, ref s0, ref s1, ref s2, ref s3, ref s4, ref s5, ref s6, ref s7);
        }

        if (rest is not null)
        {
            Add(rest, rest + IFloatDot.Sums, ref s0, ref s1, ref s2, ref s3, ref s4, ref s5, ref s6, ref s7);
        }

        s0.Store(sums);
        s1.Store(sums + 4);
        s2.Store(sums + 8);
        s3.Store(sums + 12);
        s4.Store(sums + 16);
        s5.Store(sums + 20);
        s6.Store(sums + 24);
        s7.Store(sums + 28);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Add(
        float* w, float* x, ref Vector128<float> s0, ref Vector128<float> s1, ref Vector128<float> s2, ref Vector128<float> s3, ref Vector128<float> s4, ref Vector128<float> s5, ref Vector128<float> s6, ref Vector128<float> s7)
    {
        s0 = Vector128.MultiplyAddEstimate(Vector128.Load(w), Vector128.Load(x), s0);
        s1 = Vector128.MultiplyAddEstimate(Vector128.Load(w + 4), Vector128.Load(x + 4), s1);
        s2 = Vector128.MultiplyAddEstimate(Vector128.Load(w + 8), Vector128.Load(x + 8), s2);
        s3 = Vector128.MultiplyAddEstimate(Vector128.Load(w + 12), Vector128.Load(x + 12), s3);
        s4 = Vector128.MultiplyAddEstimate(Vector128.Load(w + 16), Vector128.Load(x + 16), s4);
        s5 = Vector128.MultiplyAddEstimate(Vector128.Load(w + 20), Vector128.Load(x + 20), s5);
        s6 = Vector128.MultiplyAddEstimate(Vector128.Load(w + 24), Vector128.Load(x + 24), s6);
        s7 = Vector128.MultiplyAddEstimate(Vector128.Load(w + 28), Vector128.Load(x + 28), s7);
    }
}
