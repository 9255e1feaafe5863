using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using Vec = System.Runtime.Intrinsics.Vector256;
using VecF = System.Runtime.Intrinsics.Vector256<float>;

namespace ManagedGemma.Kernels.Gelu;

/// <summary>
/// With tanh(u) = 2/(1 + exp(−2u)) − 1 the approximation is x / (1 + exp(−2u)), u = √(2/π)·(x + 0.044715·x³): one exponential,
/// no cancellation. Relative error below (6|u| + 8) · 2⁻²³.
/// </summary>
internal sealed class GeluTanhAvx2 : IGatedGelu
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
        const float MinusTwoSqrtTwoOverPi = -1.5957691216f;
        VecF inner = x + (x * x * x * Vec.Create(0.044715f));
        return x / (VecF.One + Vec.Exp(inner * Vec.Create(MinusTwoSqrtTwoOverPi)));
    }
}
