using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using Vec = System.Runtime.Intrinsics.Vector128;
using VecF = System.Runtime.Intrinsics.Vector128<float>;

namespace ManagedGemma.Kernels.RmsNorm;

/// <summary>
/// Four accumulators of float32, so each lane sums n / 16 squares and the sum's relative error stays below
/// (n / 16 + 5) · 2⁻²⁴, one rounding more where products are not fused; the tail is summed in double with the rest.
/// </summary>
internal sealed class RmsNormVector128 : IRmsNorm
{
    [MethodImpl(KernelMethod.Options)]
    public void Normalize(ReadOnlySpan<float> x, ReadOnlySpan<float> weight, float epsilon, Span<float> y)
    {
        int length = x.Length;
        y = y[..length];
        ref float source = ref MemoryMarshal.GetReference(x);
        ref float target = ref MemoryMarshal.GetReference(y);
        nuint i = 0;
        nuint blocks = (nuint)length - ((nuint)length % (4 * (nuint)VecF.Count));
        VecF s0 = VecF.Zero, s1 = VecF.Zero, s2 = VecF.Zero, s3 = VecF.Zero;
        for (; i < blocks; i += 4 * (nuint)VecF.Count)
        {
            VecF v0 = Vec.LoadUnsafe(ref source, i);
            VecF v1 = Vec.LoadUnsafe(ref source, i + (nuint)VecF.Count);
            VecF v2 = Vec.LoadUnsafe(ref source, i + (2 * (nuint)VecF.Count));
            VecF v3 = Vec.LoadUnsafe(ref source, i + (3 * (nuint)VecF.Count));
            s0 = Vec.MultiplyAddEstimate(v0, v0, s0);
            s1 = Vec.MultiplyAddEstimate(v1, v1, s1);
            s2 = Vec.MultiplyAddEstimate(v2, v2, s2);
            s3 = Vec.MultiplyAddEstimate(v3, v3, s3);
        }

        double squares = Vec.Sum((s0 + s1) + (s2 + s3));
        for (; i < (nuint)length; i++)
        {
            float value = Unsafe.Add(ref source, i);
            squares += (double)value * value;
        }

        float scale = (float)(1 / Math.Sqrt((squares / length) + epsilon));
        VecF scales = Vec.Create(scale);
        nuint vectors = (nuint)length - ((nuint)length % (nuint)VecF.Count);
        i = 0;
        if (weight.IsEmpty)
        {
            for (; i < vectors; i += (nuint)VecF.Count)
            {
                (Vec.LoadUnsafe(ref source, i) * scales).StoreUnsafe(ref target, i);
            }

            for (; i < (nuint)length; i++)
            {
                Unsafe.Add(ref target, i) = Unsafe.Add(ref source, i) * scale;
            }

            return;
        }

        ref float weights = ref MemoryMarshal.GetReference(weight[..length]);
        for (; i < vectors; i += (nuint)VecF.Count)
        {
            (Vec.LoadUnsafe(ref source, i) * scales * Vec.LoadUnsafe(ref weights, i)).StoreUnsafe(ref target, i);
        }

        for (; i < (nuint)length; i++)
        {
            Unsafe.Add(ref target, i) = Unsafe.Add(ref source, i) * scale * Unsafe.Add(ref weights, i);
        }
    }
}
