using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Vec = System.Runtime.Intrinsics.Vector512;
using VecF = System.Runtime.Intrinsics.Vector512<float>;
using VecU = System.Runtime.Intrinsics.Vector512<uint>;

namespace ManagedGemma.Kernels.Int4;

/// <summary>The biases' part of the row kernels: a vector holds 32 biases, sixteen pairs of an even and an odd group.</summary>
internal static unsafe class Int4BiasSumAvx512
{
    /// <summary>The sixteen sums e + o of <see cref="IInt4Row"/>; nothing beyond the groups' biases is read.</summary>
    /// <param name="biases">[groups] bf16.</param>
    /// <param name="groups">Of a row.</param>
    /// <param name="sums">The token's sums, <see cref="QuantizedActivations.RowSumsOf"/>.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static VecF Sum(ushort* biases, int groups, float* sums)
    {
        VecF even = VecF.Zero, odd = VecF.Zero;
        int group = 0;
        for (; group + Int4Rows.SumGroups <= groups; group += Int4Rows.SumGroups, sums += Int4Rows.SumGroups)
        {
            Add(Vec.Load((uint*)(biases + group)), sums, ref even, ref odd);
        }

        if (group < groups)
        {
            Add(Rest(biases + group, groups - group), sums, ref even, ref odd);
        }

        return even + odd;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Add(VecU pairs, float* sums, ref VecF even, ref VecF odd)
    {
        even = Vec.FusedMultiplyAdd((pairs << 16).AsSingle(), Vec.Load(sums), even);
        odd = Vec.FusedMultiplyAdd((pairs & Vec.Create(0xFFFF0000)).AsSingle(), Vec.Load(sums + 16), odd);
    }

    // Fewer than 32, zeros behind them; the last of an odd number shares no pair.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static VecU Rest(ushort* biases, int count)
    {
        VecU index = VecU.Indices, whole = Vec.Create((uint)count / 2);
        VecU pairs = Avx512F.MaskLoad((uint*)biases, Vec.LessThan(index, whole), VecU.Zero);
        return (count & 1) == 0 ? pairs : pairs | (Vec.Equals(index, whole) & Vec.Create((uint)biases[count - 1]));
    }
}
