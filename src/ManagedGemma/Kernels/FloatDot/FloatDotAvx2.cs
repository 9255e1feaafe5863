using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace ManagedGemma.Kernels.FloatDot;

/// <summary>Eight vectors of sums.</summary>
internal sealed unsafe class FloatDotAvx2 : IFloatDot
{
    [SkipLocalsInit]
    [MethodImpl(KernelMethod.Options)]
    public float Dot(float* w, float* x, int columns)
    {
        // The padded rest is made before the loop: a call while the sums live would send them through memory.
        int left = columns % IFloatDot.Sums;
        float* rest = stackalloc float[2 * IFloatDot.Sums];
        float* end = w + (columns - left);
        if (left > 0)
        {
            FloatDotTail.Pad(end, x + (columns - left), left, rest);
        }

        Vector256<float> s0 = Vector256<float>.Zero, s1 = s0, s2 = s0, s3 = s0, s4 = s0, s5 = s0, s6 = s0, s7 = s0;
        for (; w < end; w += IFloatDot.Sums, x += IFloatDot.Sums)
        {
            Add(w, x, ref s0, ref s1, ref s2, ref s3, ref s4, ref s5, ref s6, ref s7);
        }

        if (left > 0)
        {
            Add(rest, rest + IFloatDot.Sums, ref s0, ref s1, ref s2, ref s3, ref s4, ref s5, ref s6, ref s7);
        }

        Vector256<float> even = (s0 + s4) + (s2 + s6), odd = (s1 + s5) + (s3 + s7);
        return FloatDotTail.Halve(even + odd);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Add(
        float* w, float* x, ref Vector256<float> s0, ref Vector256<float> s1, ref Vector256<float> s2, ref Vector256<float> s3, ref Vector256<float> s4, ref Vector256<float> s5, ref Vector256<float> s6, ref Vector256<float> s7)
    {
        s0 = Vector256.FusedMultiplyAdd(Vector256.Load(w), Vector256.Load(x), s0);
        s1 = Vector256.FusedMultiplyAdd(Vector256.Load(w + 8), Vector256.Load(x + 8), s1);
        s2 = Vector256.FusedMultiplyAdd(Vector256.Load(w + 16), Vector256.Load(x + 16), s2);
        s3 = Vector256.FusedMultiplyAdd(Vector256.Load(w + 24), Vector256.Load(x + 24), s3);
        s4 = Vector256.FusedMultiplyAdd(Vector256.Load(w + 32), Vector256.Load(x + 32), s4);
        s5 = Vector256.FusedMultiplyAdd(Vector256.Load(w + 40), Vector256.Load(x + 40), s5);
        s6 = Vector256.FusedMultiplyAdd(Vector256.Load(w + 48), Vector256.Load(x + 48), s6);
        s7 = Vector256.FusedMultiplyAdd(Vector256.Load(w + 56), Vector256.Load(x + 56), s7);
    }
}
