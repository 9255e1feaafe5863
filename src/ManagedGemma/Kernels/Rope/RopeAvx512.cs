using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using Vec = System.Runtime.Intrinsics.Vector512;
using VecF = System.Runtime.Intrinsics.Vector512<float>;

namespace ManagedGemma.Kernels.Rope;

/// <summary>Sixteen pairs at once; products and sums rounded as in the reference, so the bits are the same.</summary>
internal sealed class RopeAvx512 : IRope
{
    [MethodImpl(KernelMethod.Options)]
    public void Rotate(Span<float> head, ReadOnlySpan<float> cos, ReadOnlySpan<float> sin)
    {
        int half = cos.Length;
        ref float low = ref MemoryMarshal.GetReference(head[..half]);
        ref float high = ref MemoryMarshal.GetReference(head.Slice(half, half));
        ref float cosines = ref MemoryMarshal.GetReference(cos);
        ref float sines = ref MemoryMarshal.GetReference(sin[..half]);
        nuint i = 0;
        nuint vectors = (nuint)half - ((nuint)half % (nuint)VecF.Count);
        for (; i < vectors; i += (nuint)VecF.Count)
        {
            VecF a = Vec.LoadUnsafe(ref low, i), b = Vec.LoadUnsafe(ref high, i);
            VecF c = Vec.LoadUnsafe(ref cosines, i), s = Vec.LoadUnsafe(ref sines, i);
            ((a * c) - (b * s)).StoreUnsafe(ref low, i);
            ((b * c) + (a * s)).StoreUnsafe(ref high, i);
        }

        for (; i < (nuint)half; i++)
        {
            float a = Unsafe.Add(ref low, i), b = Unsafe.Add(ref high, i);
            float c = Unsafe.Add(ref cosines, i), s = Unsafe.Add(ref sines, i);
            Unsafe.Add(ref low, i) = (a * c) - (b * s);
            Unsafe.Add(ref high, i) = (b * c) + (a * s);
        }
    }
}
