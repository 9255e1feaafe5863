using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using Vec = System.Runtime.Intrinsics.Vector256;
using VecF = System.Runtime.Intrinsics.Vector256<float>;

namespace ManagedGemma.Kernels.Gelu;

/// <summary>
/// erfc(z) ≈ t · exp(−z² + P(t)), t = 1/(1 + z/2), with the Chebyshev fit of Press et al., Numerical Recipes 6.2
/// (relative error 1.2·10⁻⁷); x·erfc(−x/√2)/2 without cancellation. Absolute error below 4·10⁻⁷ · |x|.
/// </summary>
internal sealed class GeluErfAvx2 : IGatedGelu
{
    [MethodImpl(KernelMethod.Options)]
    public void Multiply(ReadOnlySpan<float> gate, ReadOnlySpan<float> up, Span<float> y)
    {
        int length = gate.Length;
        ref float gates = ref MemoryMarshal.GetReference(gate);
        ref float ups = ref MemoryMarshal.GetReference(up[..length]);
        ref float target = ref MemoryMarshal.GetReference(y[..length]);
        nuint i = 0;
        nuint vectors = (nuint)length - ((nuint)length % (nuint)VecF.Count);
        for (; i < vectors; i += (nuint)VecF.Count)
        {
            (Gelu(Vec.LoadUnsafe(ref gates, i)) * Vec.LoadUnsafe(ref ups, i)).StoreUnsafe(ref target, i);
        }

        for (; i < (nuint)length; i++)
        {
            // The same arithmetic as in a full vector, so that an element's bits do not depend on where it lies.
            Unsafe.Add(ref target, i) = Gelu(Vec.Create(Unsafe.Add(ref gates, i)))[0] * Unsafe.Add(ref ups, i);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static VecF Gelu(VecF x)
    {
        VecF z = Vec.Abs(x) * Vec.Create(0.70710678f);
        VecF t = VecF.One / (VecF.One + (z * Vec.Create(0.5f)));
        VecF p = Vec.Create(0.17087277f);
        p = (p * t) + Vec.Create(-0.82215223f);
        p = (p * t) + Vec.Create(1.48851587f);
        p = (p * t) + Vec.Create(-1.13520398f);
        p = (p * t) + Vec.Create(0.27886807f);
        p = (p * t) + Vec.Create(-0.18628806f);
        p = (p * t) + Vec.Create(0.09678418f);
        p = (p * t) + Vec.Create(0.37409196f);
        p = (p * t) + Vec.Create(1.00002368f);
        p = (p * t) + Vec.Create(-1.26551223f);
        VecF half = t * Vec.Exp(p - (z * z)) * Vec.Create(0.5f);
        return x * Vec.ConditionalSelect(Vec.LessThan(x, VecF.Zero), half, VecF.One - half);
    }
}
