using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace ManagedGemma.Kernels.Int4;

/// <summary>The two halves of each dword widened and multiplied in 32 bits; all in the first vector.</summary>
internal readonly struct Int16DotVector128 : IInt16Dot128
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Add(Vector128<short> weights, Vector128<short> x, ref Vector128<int> low, ref Vector128<int> high)
    {
        Vector128<int> w = weights.AsInt32(), v = x.AsInt32();
        low += ((w & Vector128.Create(0xFFFF)) * ((v << 16) >> 16)) + ((w >>> 16) * (v >> 16));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> Total(Vector128<int> low, Vector128<int> high) => low;
}
