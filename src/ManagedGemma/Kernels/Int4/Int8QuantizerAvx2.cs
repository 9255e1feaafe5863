using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Vec = System.Runtime.Intrinsics.Vector256;
using VecF = System.Runtime.Intrinsics.Vector256<float>;
using VecI = System.Runtime.Intrinsics.Vector256<int>;

namespace ManagedGemma.Kernels.Int4;

/// <summary>Rounding in 256-bit vectors: the largest magnitude as the largest of the bits, then multiply, round, pack.</summary>
internal sealed unsafe class Int8QuantizerAvx2 : IActivationQuantizer
{
    private const int RunWords = 4;
    private const int Run = 8 * RunWords;

    [MethodImpl(KernelMethod.Options)]
    public void Quantize(float* row, QuantizedActivations target, int token)
    {
        int* rounded = stackalloc int[Run];
        (float unit, float rowMagnitude) = ActivationScale.UnitOf(LargestOf(row, target.Groups * Int4Rows.GroupSize));
        for (int group = 0; group < target.Groups; group++, row += 2 * Run)
        {
            int* place = (int*)target.Values(token, group / 2) + (group % 2 * 8);
            int first = Round(row, unit, rowMagnitude, rounded);
            int firstSum = ActivationPacking.Int8(rounded, place);
            int second = Round(row + Run, unit, rowMagnitude, rounded);
            int secondSum = ActivationPacking.Int8(rounded, place + RunWords);
            target.SetHalves(token, group, first, firstSum, second, secondSum);
        }

        target.SetUnit(token, unit);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Round(float* row, float unit, float rowMagnitude, int* rounded)
    {
        VecI magnitude = Vec.Create(int.MaxValue);
        VecF v0 = Vec.Load(row);
        VecF v1 = Vec.Load(row + (1 * VecF.Count));
        VecF v2 = Vec.Load(row + (2 * VecF.Count));
        VecF v3 = Vec.Load(row + (3 * VecF.Count));
        VecI largest = Vec.Max(Vec.Max(Vec.Max((v0.AsInt32() & magnitude), v1.AsInt32() & magnitude), v2.AsInt32() & magnitude), v3.AsInt32() & magnitude);
        (int multiple, float inverse) = ActivationScale.HalfScale(Largest(largest), unit, rowMagnitude);
        if (inverse == 0)
        {
            new Span<int>(rounded, Run).Clear(); // also where a product would be NaN
            return multiple;
        }

        VecF factor = Vec.Create(inverse);
        Avx.ConvertToVector256Int32(v0 * factor).Store(rounded);
        Avx.ConvertToVector256Int32(v1 * factor).Store(rounded + (1 * VecF.Count));
        Avx.ConvertToVector256Int32(v2 * factor).Store(rounded + (2 * VecF.Count));
        Avx.ConvertToVector256Int32(v3 * factor).Store(rounded + (3 * VecF.Count));
        return multiple;
    }

    // length: a multiple of 64.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int LargestOf(float* row, int length)
    {
        VecI magnitude = Vec.Create(int.MaxValue), m0 = VecI.Zero, m1 = VecI.Zero;
        for (int i = 0; i < length; i += 2 * VecF.Count)
        {
            m0 = Vec.Max(m0, Vec.Load(row + i).AsInt32() & magnitude);
            m1 = Vec.Max(m1, Vec.Load(row + i + VecF.Count).AsInt32() & magnitude);
        }

        return Largest(Vec.Max(m0, m1));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Largest(VecI v)
    {
        Vector128<int> four = Vector128.Max(v.GetLower(), v.GetUpper());
        Vector128<int> two = Vector128.Max(four, Vector128.Shuffle(four, Vector128.Create(2, 3, 0, 1)));
        return Math.Max(two[0], two[1]);
    }
}
