using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace ManagedGemma.Kernels.FloatDot;

/// <summary>Four vectors of sums.</summary>
internal sealed unsafe class FloatDotAvx512 : IFloatDot
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

        Vector512<float> s0 = Vector512<float>.Zero, s1 = s0, s2 = s0, s3 = s0;
        for (; w < end; w += IFloatDot.Sums, x += IFloatDot.Sums)
        {
            Add(w, x, ref s0, ref s1, ref s2, ref s3);
        }

        if (left > 0)
        {
            Add(rest, rest + IFloatDot.Sums, ref s0, ref s1, ref s2, ref s3);
        }

        Vector512<float> sum = (s0 + s2) + (s1 + s3);
        return FloatDotTail.Halve(sum.GetLower() + sum.GetUpper());
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Add(
        float* w, float* x, ref Vector512<float> s0, ref Vector512<float> s1, ref Vector512<float> s2, ref Vector512<float> s3)
    {
        s0 = Vector512.FusedMultiplyAdd(Vector512.Load(w), Vector512.Load(x), s0);
        s1 = Vector512.FusedMultiplyAdd(Vector512.Load(w + 16), Vector512.Load(x + 16), s1);
        s2 = Vector512.FusedMultiplyAdd(Vector512.Load(w + 32), Vector512.Load(x + 32), s2);
        s3 = Vector512.FusedMultiplyAdd(Vector512.Load(w + 48), Vector512.Load(x + 48), s3);
    }
}
