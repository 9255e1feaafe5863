using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using Vec = System.Runtime.Intrinsics.Vector512;
using VecF = System.Runtime.Intrinsics.Vector512<float>;

namespace ManagedGemma.Kernels.Softmax;

/// <summary>
/// Sixteen scores at once, exponentials by .NET's vector Exp (below 2 ulp); the tail is one vector padded with minus infinity,
/// whose exponential is 0.
/// </summary>
internal sealed class SoftmaxAvx512 : ISoftmax
{
    [MethodImpl(KernelMethod.Options)]
    public void Apply(Span<float> row, float scale)
    {
        ref float scores = ref MemoryMarshal.GetReference(row);
        nuint vectors = (nuint)row.Length - ((nuint)row.Length % (nuint)VecF.Count);
        VecF tail = Vec.Create(float.NegativeInfinity);
        for (nuint j = vectors; j < (nuint)row.Length; j++)
        {
            tail = tail.WithElement((int)(j - vectors), Unsafe.Add(ref scores, j));
        }

        VecF maxima = tail;
        for (nuint i = 0; i < vectors; i += (nuint)VecF.Count)
        {
            maxima = Vec.Max(maxima, Vec.LoadUnsafe(ref scores, i));
        }

        float maximum = maxima[0];
        for (int lane = 1; lane < VecF.Count; lane++)
        {
            maximum = MathF.Max(maximum, maxima[lane]);
        }

        VecF factor = Vec.Create(scale), offset = Vec.Create(maximum);
        tail = Vec.Exp((tail - offset) * factor);
        VecF sums = tail;
        for (nuint i = 0; i < vectors; i += (nuint)VecF.Count)
        {
            VecF power = Vec.Exp((Vec.LoadUnsafe(ref scores, i) - offset) * factor);
            power.StoreUnsafe(ref scores, i);
            sums += power;
        }

        float inverse = 1 / Vec.Sum(sums);
        VecF inverses = Vec.Create(inverse);
        for (nuint i = 0; i < vectors; i += (nuint)VecF.Count)
        {
            (Vec.LoadUnsafe(ref scores, i) * inverses).StoreUnsafe(ref scores, i);
        }

        for (nuint j = vectors; j < (nuint)row.Length; j++)
        {
            Unsafe.Add(ref scores, j) = tail[(int)(j - vectors)] * inverse;
        }
    }
}
