using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Vec = System.Runtime.Intrinsics.Vector256;
using VecF = System.Runtime.Intrinsics.Vector256<float>;
using VecI = System.Runtime.Intrinsics.Vector256<int>;

namespace ManagedGemma.Kernels.Int4;

/// <summary>Rounding in 256-bit vectors: the largest magnitude as the largest of the bits, then multiply, round, pack.</summary>
internal sealed unsafe class Int16QuantizerAvx2 : IActivationQuantizer
{
    private const int Run = Int4Rows.GroupSize;

    [MethodImpl(KernelMethod.Options)]
    public void Quantize(float* row, QuantizedActivations target, int token)
    {
        int* rounded = stackalloc int[Run];
        for (int group = 0; group < target.Groups; group++)
        {
            float scale = Round(row, ActivationScale.Int16Levels, rounded);
            int* place = (int*)target.Values(token, group / 2) + (group % 2 * 8);
            int sum = ActivationPacking.Int16(rounded, place) + ActivationPacking.Int16(rounded + 32, place + 4);
            target.SetGroup(token, group, scale, sum);
            row += Run;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float Round(float* row, float levels, int* rounded)
    {
        VecI magnitude = Vec.Create(int.MaxValue);
        VecF v0 = Vec.Load(row);
        VecF v1 = Vec.Load(row + (1 * VecF.Count));
        VecF v2 = Vec.Load(row + (2 * VecF.Count));
        VecF v3 = Vec.Load(row + (3 * VecF.Count));
        VecF v4 = Vec.Load(row + (4 * VecF.Count));
        VecF v5 = Vec.Load(row + (5 * VecF.Count));
        VecF v6 = Vec.Load(row + (6 * VecF.Count));
        VecF v7 = Vec.Load(row + (7 * VecF.Count));
        VecI low = Vec.Max(Vec.Max(v0.AsInt32() & magnitude, v1.AsInt32() & magnitude), Vec.Max(v2.AsInt32() & magnitude, v3.AsInt32() & magnitude));
        VecI high = Vec.Max(Vec.Max(v4.AsInt32() & magnitude, v5.AsInt32() & magnitude), Vec.Max(v6.AsInt32() & magnitude, v7.AsInt32() & magnitude));
        VecI largest = Vec.Max(low, high);
        (float scale, float inverse) = ActivationScale.For(Largest(largest), levels);
        if (inverse == 0)
        {
            new Span<int>(rounded, Run).Clear(); // also where a product would be NaN
            return scale;
        }

        VecF factor = Vec.Create(inverse);
        Avx.ConvertToVector256Int32(v0 * factor).Store(rounded);
        Avx.ConvertToVector256Int32(v1 * factor).Store(rounded + (1 * VecF.Count));
        Avx.ConvertToVector256Int32(v2 * factor).Store(rounded + (2 * VecF.Count));
        Avx.ConvertToVector256Int32(v3 * factor).Store(rounded + (3 * VecF.Count));
        Avx.ConvertToVector256Int32(v4 * factor).Store(rounded + (4 * VecF.Count));
        Avx.ConvertToVector256Int32(v5 * factor).Store(rounded + (5 * VecF.Count));
        Avx.ConvertToVector256Int32(v6 * factor).Store(rounded + (6 * VecF.Count));
        Avx.ConvertToVector256Int32(v7 * factor).Store(rounded + (7 * VecF.Count));
        return scale;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Largest(VecI v)
    {
        Vector128<int> four = Vector128.Max(v.GetLower(), v.GetUpper());
        Vector128<int> two = Vector128.Max(four, Vector128.Shuffle(four, Vector128.Create(2, 3, 0, 1)));
        return Math.Max(two[0], two[1]);
    }
}
