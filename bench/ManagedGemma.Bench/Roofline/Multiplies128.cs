using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;

namespace ManagedGemma.Bench.Roofline;

/// <summary>What <see cref="Multiplies"/> is for x86: the multiply-accumulates of the portable kernels and of Arm64's, same chains, same operands.</summary>
internal static unsafe class Multiplies128
{
    private interface IMultiplyAdd
    {
        static abstract Vector128<int> MultiplyAdd(Vector128<int> weights, Vector128<int> x, Vector128<int> sum);
    }

    /// <summary>16-bit products, eight at once.</summary>
    public static int Mul16(int rounds) => Run<Short>(rounds);

    /// <summary>32-bit products, four at once.</summary>
    public static int Mul32(int rounds) => Run<Int>(rounds);

    /// <summary>float products, four at once.</summary>
    public static int Fma(int rounds) => Run<Float>(rounds);

    /// <summary>16 products of bytes at once.</summary>
    public static int Sdot(int rounds) => Run<DotProduct>(rounds);

    /// <summary>Four products of 16-bit integers at once.</summary>
    public static int Smlal(int rounds) => Run<Widening>(rounds);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static int Run<T>(int rounds)
        where T : struct, IMultiplyAdd
    {
        byte* operands = stackalloc byte[8 * 16];
        new Span<byte>(operands, 8 * 16).Fill(1);
        Vector128<int> a0 = Vector128.Create((byte)1).AsInt32(), a1 = Vector128.Create((byte)2).AsInt32();
        Vector128<int> a2 = Vector128.Create((byte)3).AsInt32(), a3 = Vector128.Create((byte)4).AsInt32();
        Vector128<int> a4 = Vector128.Create((byte)5).AsInt32(), a5 = Vector128.Create((byte)6).AsInt32();
        Vector128<int> a6 = Vector128.Create((byte)7).AsInt32(), a7 = Vector128.Create((byte)8).AsInt32();
        Vector128<int> d0 = default, d1 = default, d2 = default, d3 = default, d4 = default, d5 = default, d6 = default, d7 = default;
        for (int round = 0; round < rounds; round++)
        {
            for (int step = 0; step < 8; step++)
            {
                Vector128<int> w = Vector128.Load((int*)(operands + (step * 16)));
                d0 = T.MultiplyAdd(w, a0, d0);
                d1 = T.MultiplyAdd(w, a1, d1);
                d2 = T.MultiplyAdd(w, a2, d2);
                d3 = T.MultiplyAdd(w, a3, d3);
                d4 = T.MultiplyAdd(w, a4, d4);
                d5 = T.MultiplyAdd(w, a5, d5);
                d6 = T.MultiplyAdd(w, a6, d6);
                d7 = T.MultiplyAdd(w, a7, d7);
            }
        }

        return Vector128.Sum(d0 + d1 + d2 + d3 + d4 + d5 + d6 + d7);
    }

    private readonly struct Short : IMultiplyAdd
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector128<int> MultiplyAdd(Vector128<int> weights, Vector128<int> x, Vector128<int> sum) =>
            (sum.AsInt16() + (weights.AsInt16() * x.AsInt16())).AsInt32();
    }

    private readonly struct Int : IMultiplyAdd
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector128<int> MultiplyAdd(Vector128<int> weights, Vector128<int> x, Vector128<int> sum) => sum + (weights * x);
    }

    private readonly struct Float : IMultiplyAdd
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector128<int> MultiplyAdd(Vector128<int> weights, Vector128<int> x, Vector128<int> sum) =>
            Vector128.MultiplyAddEstimate(weights.AsSingle(), x.AsSingle(), sum.AsSingle()).AsInt32();
    }

    private readonly struct DotProduct : IMultiplyAdd
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector128<int> MultiplyAdd(Vector128<int> weights, Vector128<int> x, Vector128<int> sum) =>
            Dp.DotProduct(sum, weights.AsSByte(), x.AsSByte());
    }

    private readonly struct Widening : IMultiplyAdd
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector128<int> MultiplyAdd(Vector128<int> weights, Vector128<int> x, Vector128<int> sum) =>
            AdvSimd.MultiplyWideningUpperAndAdd(sum, weights.AsInt16(), x.AsInt16());
    }
}
