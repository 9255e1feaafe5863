using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;

namespace ManagedGemma.Kernels.Int4;

/// <summary>sdot: weights of four bits are signed bytes as well as unsigned ones.</summary>
internal readonly struct Int8DotDp : IInt8Dot128
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> Add(Vector128<int> sums, Vector128<byte> weights, Vector128<sbyte> x) => Dp.DotProduct(sums, weights.AsSByte(), x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> Total(Vector128<int> sums) => sums;
}
