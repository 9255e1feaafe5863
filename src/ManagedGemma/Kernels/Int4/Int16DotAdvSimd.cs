using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;

namespace ManagedGemma.Kernels.Int4;

/// <summary>smlal and smlal2: the products of dwords 0 and 1 in one vector, of 2 and 3 in the other, neighbours added at the end.</summary>
internal readonly struct Int16DotAdvSimd : IInt16Dot128
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Add(Vector128<short> weights, Vector128<short> x, ref Vector128<int> low, ref Vector128<int> high)
    {
        low = AdvSimd.MultiplyWideningLowerAndAdd(low, weights.GetLower(), x.GetLower());
        high = AdvSimd.MultiplyWideningUpperAndAdd(high, weights, x);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> Total(Vector128<int> low, Vector128<int> high) => AdvSimd.Arm64.AddPairwise(low, high);
}
