using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace ManagedGemma.Bench.Roofline;

/// <summary>
/// Loops of nothing but multiply-accumulates: eight independent chains, one operand loaded from the first-level cache a step
/// (so that no product is a loop invariant), the others in registers.
/// </summary>
internal static unsafe class Multiplies
{
    /// <summary>Multiply instructions of a round: 8 steps of 8 chains.</summary>
    public const int PerRound = 64;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static int Maddubs512(int rounds)
    {
        byte* operands = stackalloc byte[8 * 64];
        new Span<byte>(operands, 8 * 64).Fill(1);
        Vector512<sbyte> a0 = Vector512.Create((sbyte)1);
        Vector512<sbyte> a1 = Vector512.Create((sbyte)2);
        Vector512<sbyte> a2 = Vector512.Create((sbyte)3);
        Vector512<sbyte> a3 = Vector512.Create((sbyte)4);
        Vector512<sbyte> a4 = Vector512.Create((sbyte)5);
        Vector512<sbyte> a5 = Vector512.Create((sbyte)6);
        Vector512<sbyte> a6 = Vector512.Create((sbyte)7);
        Vector512<sbyte> a7 = Vector512.Create((sbyte)8);
        Vector512<int> d0 = Vector512<int>.Zero;
        Vector512<int> d1 = Vector512<int>.Zero;
        Vector512<int> d2 = Vector512<int>.Zero;
        Vector512<int> d3 = Vector512<int>.Zero;
        Vector512<int> d4 = Vector512<int>.Zero;
        Vector512<int> d5 = Vector512<int>.Zero;
        Vector512<int> d6 = Vector512<int>.Zero;
        Vector512<int> d7 = Vector512<int>.Zero;
        for (int round = 0; round < rounds; round++)
        {
            Vector512<short> c0 = Vector512<short>.Zero;
            Vector512<short> c1 = Vector512<short>.Zero;
            Vector512<short> c2 = Vector512<short>.Zero;
            Vector512<short> c3 = Vector512<short>.Zero;
            Vector512<short> c4 = Vector512<short>.Zero;
            Vector512<short> c5 = Vector512<short>.Zero;
            Vector512<short> c6 = Vector512<short>.Zero;
            Vector512<short> c7 = Vector512<short>.Zero;
            for (int step = 0; step < 8; step++)
            {
                Vector512<byte> w = Vector512.Load(operands + (step * 64));
                c0 += Avx512BW.MultiplyAddAdjacent(w, a0);
                c1 += Avx512BW.MultiplyAddAdjacent(w, a1);
                c2 += Avx512BW.MultiplyAddAdjacent(w, a2);
                c3 += Avx512BW.MultiplyAddAdjacent(w, a3);
                c4 += Avx512BW.MultiplyAddAdjacent(w, a4);
                c5 += Avx512BW.MultiplyAddAdjacent(w, a5);
                c6 += Avx512BW.MultiplyAddAdjacent(w, a6);
                c7 += Avx512BW.MultiplyAddAdjacent(w, a7);
            }

            d0 += Avx512BW.MultiplyAddAdjacent(c0, Vector512<short>.One);
            d1 += Avx512BW.MultiplyAddAdjacent(c1, Vector512<short>.One);
            d2 += Avx512BW.MultiplyAddAdjacent(c2, Vector512<short>.One);
            d3 += Avx512BW.MultiplyAddAdjacent(c3, Vector512<short>.One);
            d4 += Avx512BW.MultiplyAddAdjacent(c4, Vector512<short>.One);
            d5 += Avx512BW.MultiplyAddAdjacent(c5, Vector512<short>.One);
            d6 += Avx512BW.MultiplyAddAdjacent(c6, Vector512<short>.One);
            d7 += Avx512BW.MultiplyAddAdjacent(c7, Vector512<short>.One);
        }

        return Vector512.Sum(d0 + d1 + d2 + d3 + d4 + d5 + d6 + d7);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static int Maddubs256(int rounds)
    {
        byte* operands = stackalloc byte[8 * 32];
        new Span<byte>(operands, 8 * 32).Fill(1);
        Vector256<sbyte> a0 = Vector256.Create((sbyte)1);
        Vector256<sbyte> a1 = Vector256.Create((sbyte)2);
        Vector256<sbyte> a2 = Vector256.Create((sbyte)3);
        Vector256<sbyte> a3 = Vector256.Create((sbyte)4);
        Vector256<sbyte> a4 = Vector256.Create((sbyte)5);
        Vector256<sbyte> a5 = Vector256.Create((sbyte)6);
        Vector256<sbyte> a6 = Vector256.Create((sbyte)7);
        Vector256<sbyte> a7 = Vector256.Create((sbyte)8);
        Vector256<int> d0 = Vector256<int>.Zero;
        Vector256<int> d1 = Vector256<int>.Zero;
        Vector256<int> d2 = Vector256<int>.Zero;
        Vector256<int> d3 = Vector256<int>.Zero;
        Vector256<int> d4 = Vector256<int>.Zero;
        Vector256<int> d5 = Vector256<int>.Zero;
        Vector256<int> d6 = Vector256<int>.Zero;
        Vector256<int> d7 = Vector256<int>.Zero;
        for (int round = 0; round < rounds; round++)
        {
            Vector256<short> c0 = Vector256<short>.Zero;
            Vector256<short> c1 = Vector256<short>.Zero;
            Vector256<short> c2 = Vector256<short>.Zero;
            Vector256<short> c3 = Vector256<short>.Zero;
            Vector256<short> c4 = Vector256<short>.Zero;
            Vector256<short> c5 = Vector256<short>.Zero;
            Vector256<short> c6 = Vector256<short>.Zero;
            Vector256<short> c7 = Vector256<short>.Zero;
            for (int step = 0; step < 8; step++)
            {
                Vector256<byte> w = Vector256.Load(operands + (step * 32));
                c0 += Avx2.MultiplyAddAdjacent(w, a0);
                c1 += Avx2.MultiplyAddAdjacent(w, a1);
                c2 += Avx2.MultiplyAddAdjacent(w, a2);
                c3 += Avx2.MultiplyAddAdjacent(w, a3);
                c4 += Avx2.MultiplyAddAdjacent(w, a4);
                c5 += Avx2.MultiplyAddAdjacent(w, a5);
                c6 += Avx2.MultiplyAddAdjacent(w, a6);
                c7 += Avx2.MultiplyAddAdjacent(w, a7);
            }

            d0 += Avx2.MultiplyAddAdjacent(c0, Vector256<short>.One);
            d1 += Avx2.MultiplyAddAdjacent(c1, Vector256<short>.One);
            d2 += Avx2.MultiplyAddAdjacent(c2, Vector256<short>.One);
            d3 += Avx2.MultiplyAddAdjacent(c3, Vector256<short>.One);
            d4 += Avx2.MultiplyAddAdjacent(c4, Vector256<short>.One);
            d5 += Avx2.MultiplyAddAdjacent(c5, Vector256<short>.One);
            d6 += Avx2.MultiplyAddAdjacent(c6, Vector256<short>.One);
            d7 += Avx2.MultiplyAddAdjacent(c7, Vector256<short>.One);
        }

        return Vector256.Sum(d0 + d1 + d2 + d3 + d4 + d5 + d6 + d7);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static int Vnni256(int rounds)
    {
        byte* operands = stackalloc byte[8 * 32];
        new Span<byte>(operands, 8 * 32).Fill(1);
        Vector256<sbyte> a0 = Vector256.Create((sbyte)1);
        Vector256<sbyte> a1 = Vector256.Create((sbyte)2);
        Vector256<sbyte> a2 = Vector256.Create((sbyte)3);
        Vector256<sbyte> a3 = Vector256.Create((sbyte)4);
        Vector256<sbyte> a4 = Vector256.Create((sbyte)5);
        Vector256<sbyte> a5 = Vector256.Create((sbyte)6);
        Vector256<sbyte> a6 = Vector256.Create((sbyte)7);
        Vector256<sbyte> a7 = Vector256.Create((sbyte)8);
        Vector256<int> d0 = Vector256<int>.Zero;
        Vector256<int> d1 = Vector256<int>.Zero;
        Vector256<int> d2 = Vector256<int>.Zero;
        Vector256<int> d3 = Vector256<int>.Zero;
        Vector256<int> d4 = Vector256<int>.Zero;
        Vector256<int> d5 = Vector256<int>.Zero;
        Vector256<int> d6 = Vector256<int>.Zero;
        Vector256<int> d7 = Vector256<int>.Zero;
        for (int round = 0; round < rounds; round++)
        {
            for (int step = 0; step < 8; step++)
            {
                Vector256<byte> w = Vector256.Load(operands + (step * 32));
                d0 = AvxVnni.MultiplyWideningAndAdd(d0, w, a0);
                d1 = AvxVnni.MultiplyWideningAndAdd(d1, w, a1);
                d2 = AvxVnni.MultiplyWideningAndAdd(d2, w, a2);
                d3 = AvxVnni.MultiplyWideningAndAdd(d3, w, a3);
                d4 = AvxVnni.MultiplyWideningAndAdd(d4, w, a4);
                d5 = AvxVnni.MultiplyWideningAndAdd(d5, w, a5);
                d6 = AvxVnni.MultiplyWideningAndAdd(d6, w, a6);
                d7 = AvxVnni.MultiplyWideningAndAdd(d7, w, a7);
            }
        }

        return Vector256.Sum(d0 + d1 + d2 + d3 + d4 + d5 + d6 + d7);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static int Maddwd512(int rounds)
    {
        byte* operands = stackalloc byte[8 * 64];
        new Span<byte>(operands, 8 * 64).Fill(1);
        Vector512<short> a0 = Vector512.Create((short)1);
        Vector512<short> a1 = Vector512.Create((short)2);
        Vector512<short> a2 = Vector512.Create((short)3);
        Vector512<short> a3 = Vector512.Create((short)4);
        Vector512<short> a4 = Vector512.Create((short)5);
        Vector512<short> a5 = Vector512.Create((short)6);
        Vector512<short> a6 = Vector512.Create((short)7);
        Vector512<short> a7 = Vector512.Create((short)8);
        Vector512<int> d0 = Vector512<int>.Zero;
        Vector512<int> d1 = Vector512<int>.Zero;
        Vector512<int> d2 = Vector512<int>.Zero;
        Vector512<int> d3 = Vector512<int>.Zero;
        Vector512<int> d4 = Vector512<int>.Zero;
        Vector512<int> d5 = Vector512<int>.Zero;
        Vector512<int> d6 = Vector512<int>.Zero;
        Vector512<int> d7 = Vector512<int>.Zero;
        for (int round = 0; round < rounds; round++)
        {
            for (int step = 0; step < 8; step++)
            {
                Vector512<short> w = Vector512.Load((short*)(operands + (step * 64)));
                d0 += Avx512BW.MultiplyAddAdjacent(w, a0);
                d1 += Avx512BW.MultiplyAddAdjacent(w, a1);
                d2 += Avx512BW.MultiplyAddAdjacent(w, a2);
                d3 += Avx512BW.MultiplyAddAdjacent(w, a3);
                d4 += Avx512BW.MultiplyAddAdjacent(w, a4);
                d5 += Avx512BW.MultiplyAddAdjacent(w, a5);
                d6 += Avx512BW.MultiplyAddAdjacent(w, a6);
                d7 += Avx512BW.MultiplyAddAdjacent(w, a7);
            }
        }

        return Vector512.Sum(d0 + d1 + d2 + d3 + d4 + d5 + d6 + d7);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static int Maddwd256(int rounds)
    {
        byte* operands = stackalloc byte[8 * 32];
        new Span<byte>(operands, 8 * 32).Fill(1);
        Vector256<short> a0 = Vector256.Create((short)1);
        Vector256<short> a1 = Vector256.Create((short)2);
        Vector256<short> a2 = Vector256.Create((short)3);
        Vector256<short> a3 = Vector256.Create((short)4);
        Vector256<short> a4 = Vector256.Create((short)5);
        Vector256<short> a5 = Vector256.Create((short)6);
        Vector256<short> a6 = Vector256.Create((short)7);
        Vector256<short> a7 = Vector256.Create((short)8);
        Vector256<int> d0 = Vector256<int>.Zero;
        Vector256<int> d1 = Vector256<int>.Zero;
        Vector256<int> d2 = Vector256<int>.Zero;
        Vector256<int> d3 = Vector256<int>.Zero;
        Vector256<int> d4 = Vector256<int>.Zero;
        Vector256<int> d5 = Vector256<int>.Zero;
        Vector256<int> d6 = Vector256<int>.Zero;
        Vector256<int> d7 = Vector256<int>.Zero;
        for (int round = 0; round < rounds; round++)
        {
            for (int step = 0; step < 8; step++)
            {
                Vector256<short> w = Vector256.Load((short*)(operands + (step * 32)));
                d0 += Avx2.MultiplyAddAdjacent(w, a0);
                d1 += Avx2.MultiplyAddAdjacent(w, a1);
                d2 += Avx2.MultiplyAddAdjacent(w, a2);
                d3 += Avx2.MultiplyAddAdjacent(w, a3);
                d4 += Avx2.MultiplyAddAdjacent(w, a4);
                d5 += Avx2.MultiplyAddAdjacent(w, a5);
                d6 += Avx2.MultiplyAddAdjacent(w, a6);
                d7 += Avx2.MultiplyAddAdjacent(w, a7);
            }
        }

        return Vector256.Sum(d0 + d1 + d2 + d3 + d4 + d5 + d6 + d7);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static int Fma512(int rounds)
    {
        byte* operands = stackalloc byte[8 * 64];
        new Span<float>(operands, 8 * 16).Fill(1); // Sums below the smallest normal number would be slow on Intel.
        Vector512<float> a0 = Vector512.Create(1e-9f);
        Vector512<float> a1 = Vector512.Create(2e-9f);
        Vector512<float> a2 = Vector512.Create(3e-9f);
        Vector512<float> a3 = Vector512.Create(4e-9f);
        Vector512<float> a4 = Vector512.Create(5e-9f);
        Vector512<float> a5 = Vector512.Create(6e-9f);
        Vector512<float> a6 = Vector512.Create(7e-9f);
        Vector512<float> a7 = Vector512.Create(8e-9f);
        Vector512<float> d0 = Vector512<float>.Zero;
        Vector512<float> d1 = Vector512<float>.Zero;
        Vector512<float> d2 = Vector512<float>.Zero;
        Vector512<float> d3 = Vector512<float>.Zero;
        Vector512<float> d4 = Vector512<float>.Zero;
        Vector512<float> d5 = Vector512<float>.Zero;
        Vector512<float> d6 = Vector512<float>.Zero;
        Vector512<float> d7 = Vector512<float>.Zero;
        for (int round = 0; round < rounds; round++)
        {
            for (int step = 0; step < 8; step++)
            {
                Vector512<float> w = Vector512.Load((float*)(operands + (step * 64)));
                d0 = Vector512.FusedMultiplyAdd(w, a0, d0);
                d1 = Vector512.FusedMultiplyAdd(w, a1, d1);
                d2 = Vector512.FusedMultiplyAdd(w, a2, d2);
                d3 = Vector512.FusedMultiplyAdd(w, a3, d3);
                d4 = Vector512.FusedMultiplyAdd(w, a4, d4);
                d5 = Vector512.FusedMultiplyAdd(w, a5, d5);
                d6 = Vector512.FusedMultiplyAdd(w, a6, d6);
                d7 = Vector512.FusedMultiplyAdd(w, a7, d7);
            }
        }

        return (int)Vector512.Sum(d0 + d1 + d2 + d3 + d4 + d5 + d6 + d7);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static int Fma256(int rounds)
    {
        byte* operands = stackalloc byte[8 * 32];
        new Span<float>(operands, 8 * 8).Fill(1); // Sums below the smallest normal number would be slow on Intel.
        Vector256<float> a0 = Vector256.Create(1e-9f);
        Vector256<float> a1 = Vector256.Create(2e-9f);
        Vector256<float> a2 = Vector256.Create(3e-9f);
        Vector256<float> a3 = Vector256.Create(4e-9f);
        Vector256<float> a4 = Vector256.Create(5e-9f);
        Vector256<float> a5 = Vector256.Create(6e-9f);
        Vector256<float> a6 = Vector256.Create(7e-9f);
        Vector256<float> a7 = Vector256.Create(8e-9f);
        Vector256<float> d0 = Vector256<float>.Zero;
        Vector256<float> d1 = Vector256<float>.Zero;
        Vector256<float> d2 = Vector256<float>.Zero;
        Vector256<float> d3 = Vector256<float>.Zero;
        Vector256<float> d4 = Vector256<float>.Zero;
        Vector256<float> d5 = Vector256<float>.Zero;
        Vector256<float> d6 = Vector256<float>.Zero;
        Vector256<float> d7 = Vector256<float>.Zero;
        for (int round = 0; round < rounds; round++)
        {
            for (int step = 0; step < 8; step++)
            {
                Vector256<float> w = Vector256.Load((float*)(operands + (step * 32)));
                d0 = Vector256.FusedMultiplyAdd(w, a0, d0);
                d1 = Vector256.FusedMultiplyAdd(w, a1, d1);
                d2 = Vector256.FusedMultiplyAdd(w, a2, d2);
                d3 = Vector256.FusedMultiplyAdd(w, a3, d3);
                d4 = Vector256.FusedMultiplyAdd(w, a4, d4);
                d5 = Vector256.FusedMultiplyAdd(w, a5, d5);
                d6 = Vector256.FusedMultiplyAdd(w, a6, d6);
                d7 = Vector256.FusedMultiplyAdd(w, a7, d7);
            }
        }

        return (int)Vector256.Sum(d0 + d1 + d2 + d3 + d4 + d5 + d6 + d7);
    }
}
