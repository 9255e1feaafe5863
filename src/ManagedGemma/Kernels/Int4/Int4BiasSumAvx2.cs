using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Vec = System.Runtime.Intrinsics.Vector256;
using VecF = System.Runtime.Intrinsics.Vector256<float>;
using VecU = System.Runtime.Intrinsics.Vector256<uint>;

namespace ManagedGemma.Kernels.Int4;

/// <summary>The biases' part of the row kernels: a vector holds 16 biases, eight pairs of an even and an odd group.</summary>
internal static unsafe class Int4BiasSumAvx2
{
    /// <summary>The sixteen sums e + o of <see cref="IInt4Row"/>, the first eight and the last; nothing beyond the groups' biases is read.</summary>
    /// <param name="biases">[groups] bf16.</param>
    /// <param name="groups">Of a row.</param>
    /// <param name="sums">The token's sums, <see cref="QuantizedActivations.RowSumsOf"/>.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static (VecF Lower, VecF Upper) Sum(ushort* biases, int groups, float* sums)
    {
        VecF lowerEven = VecF.Zero, lowerOdd = VecF.Zero, upperEven = VecF.Zero, upperOdd = VecF.Zero;
        int group = 0;
        for (; group + Int4Rows.SumGroups <= groups; group += Int4Rows.SumGroups, sums += Int4Rows.SumGroups)
        {
            Add(Vec.Load((uint*)(biases + group)), sums, ref lowerEven, ref lowerOdd);
            Add(Vec.Load((uint*)(biases + group) + 8), sums + 8, ref upperEven, ref upperOdd);
        }

        if (group < groups)
        {
            Add(Rest(biases + group, groups - group, VecU.Indices), sums, ref lowerEven, ref lowerOdd);
            Add(Rest(biases + group, groups - group, VecU.Indices + Vec.Create(8u)), sums + 8, ref upperEven, ref upperOdd);
        }

        return (lowerEven + lowerOdd, upperEven + upperOdd);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Add(VecU pairs, float* sums, ref VecF even, ref VecF odd)
    {
        even = Vec.FusedMultiplyAdd((pairs << 16).AsSingle(), Vec.Load(sums), even);
        odd = Vec.FusedMultiplyAdd((pairs & Vec.Create(0xFFFF0000)).AsSingle(), Vec.Load(sums + 16), odd);
    }

    // Eight pairs, of fewer than 32 biases in all, zeros behind them; the last of an odd number shares no pair.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static VecU Rest(ushort* biases, int count, VecU index)
    {
        VecU whole = Vec.Create((uint)count / 2);
        VecU pairs = Avx2.MaskLoad((uint*)biases + index[0], Vec.LessThan(index, whole));
        return (count & 1) == 0 ? pairs : pairs | (Vec.Equals(index, whole) & Vec.Create((uint)biases[count - 1]));
    }
}
