using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Vec = System.Runtime.Intrinsics.Vector128;
using VecF = System.Runtime.Intrinsics.Vector128<float>;
using VecU = System.Runtime.Intrinsics.Vector128<uint>;

namespace ManagedGemma.Kernels.Int4;

/// <summary>The biases' part of the row kernels: a vector holds 8 biases, four pairs of an even and an odd group.</summary>
internal static unsafe class Int4BiasSumVector128
{
    /// <summary>How many sums there are.</summary>
    public const int Lanes = Int4Rows.SumGroups / 2;

    /// <summary>The sixteen sums e + o of <see cref="IInt4Row"/>; nothing beyond the groups' biases is read.</summary>
    /// <param name="biases">[groups] bf16.</param>
    /// <param name="groups">Of a row.</param>
    /// <param name="sums">The token's sums, <see cref="QuantizedActivations.RowSumsOf"/>.</param>
    /// <param name="lanes">[16], takes the result.</param>
    [SkipLocalsInit]
    [MethodImpl(KernelMethod.Options)]
    public static void Sum(ushort* biases, int groups, float* sums, float* lanes)
    {
        // Fewer than 32 at the end are copied, zeros behind them.
        ushort* rest = stackalloc ushort[Int4Rows.SumGroups];
        VecF e0 = VecF.Zero, e1 = VecF.Zero, e2 = VecF.Zero, e3 = VecF.Zero;
        VecF o0 = VecF.Zero, o1 = VecF.Zero, o2 = VecF.Zero, o3 = VecF.Zero;
        for (int left = groups; left > 0; left -= Int4Rows.SumGroups, biases += Int4Rows.SumGroups, sums += Int4Rows.SumGroups)
        {
            if (left < Int4Rows.SumGroups)
            {
                Span<ushort> padded = new(rest, Int4Rows.SumGroups);
                padded.Clear();
                new ReadOnlySpan<ushort>(biases, left).CopyTo(padded);
                biases = rest;
            }

            Add(biases, sums, ref e0, ref o0);
            Add(biases + 8, sums + 4, ref e1, ref o1);
            Add(biases + 16, sums + 8, ref e2, ref o2);
            Add(biases + 24, sums + 12, ref e3, ref o3);
        }

        (e0 + o0).Store(lanes);
        (e1 + o1).Store(lanes + 4);
        (e2 + o2).Store(lanes + 8);
        (e3 + o3).Store(lanes + 12);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Add(ushort* biases, float* sums, ref VecF even, ref VecF odd)
    {
        VecU pairs = Vec.Load((uint*)biases);
        even = Fused128.MultiplyAdd((pairs << 16).AsSingle(), Vec.Load(sums), even);
        odd = Fused128.MultiplyAdd((pairs & Vec.Create(0xFFFF0000)).AsSingle(), Vec.Load(sums + Lanes), odd);
    }
}
