using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace ManagedGemma.Kernels.Int4;

/// <summary>Even and odd bytes multiplied in 16 bits: a pair is at most 15 · 127 · 2 = 3810, so the eight pairs of a half group fit.</summary>
internal readonly struct Int8DotVector128 : IInt8Dot128
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> Add(Vector128<int> sums, Vector128<byte> weights, Vector128<sbyte> x)
    {
        Vector128<short> w = weights.AsInt16(), v = x.AsInt16();
        return (sums.AsInt16() + ((w & Vector128.Create((short)0xFF)) * ((v << 8) >> 8)) + ((w >>> 8) * (v >> 8))).AsInt32();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> Total(Vector128<int> sums) => ((sums << 16) >> 16) + (sums >> 16);
}
