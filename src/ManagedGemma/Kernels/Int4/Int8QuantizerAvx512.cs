using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Vec = System.Runtime.Intrinsics.Vector512;
using VecF = System.Runtime.Intrinsics.Vector512<float>;
using VecI = System.Runtime.Intrinsics.Vector512<int>;

namespace ManagedGemma.Kernels.Int4;

/// <summary>Rounding in 512-bit vectors: the largest magnitude as the largest of the bits, then multiply, round, pack.</summary>
internal sealed unsafe class Int8QuantizerAvx512 : IActivationQuantizer
{
    private const int RunWords = 4;
    private const int Run = 8 * RunWords;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Quantize(float* row, QuantizedActivations target, int token)
    {
        int* rounded = stackalloc int[Run];
        int* sums = stackalloc int[Int4Rows.GroupWords];
        int* values = (int*)target.Values(token);
        for (int group = 0; group < target.Groups; group++)
        {
            int* place = values + (group / 2 * 32) + (group % 2 * 8);
            float first = Round(row, ActivationScale.Int8Levels, rounded);
            ActivationPacking.Int8(rounded, place, sums);
            target.SetScale(token, group * Int4Rows.GroupWords, RunWords, first);
            float second = Round(row + Run, ActivationScale.Int8Levels, rounded);
            ActivationPacking.Int8(rounded, place + RunWords, sums + RunWords);
            target.SetScale(token, (group * Int4Rows.GroupWords) + RunWords, RunWords, second);
            target.SetSums(token, group, first, second, sums);
            row += 2 * Run;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float Round(float* row, float levels, int* rounded)
    {
        VecI magnitude = Vec.Create(int.MaxValue);
        VecF v0 = Vec.Load(row);
        VecF v1 = Vec.Load(row + (1 * VecF.Count));
        VecI largest = Vec.Max((v0.AsInt32() & magnitude), v1.AsInt32() & magnitude);
        (float scale, float inverse) = ActivationScale.For(Largest(largest), levels);
        if (inverse == 0)
        {
            new Span<int>(rounded, Run).Clear(); // also where a product would be NaN
            return scale;
        }

        VecF factor = Vec.Create(inverse);
        Avx512F.ConvertToVector512Int32(v0 * factor).Store(rounded);
        Avx512F.ConvertToVector512Int32(v1 * factor).Store(rounded + (1 * VecF.Count));
        return scale;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Largest(VecI v)
    {
        Vector256<int> eight = Vector256.Max(v.GetLower(), v.GetUpper());
        Vector128<int> four = Vector128.Max(eight.GetLower(), eight.GetUpper());
        Vector128<int> two = Vector128.Max(four, Vector128.Shuffle(four, Vector128.Create(2, 3, 0, 1)));
        return Math.Max(two[0], two[1]);
    }
}
