using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace ManagedGemma.Kernels;

/// <summary>
/// The fused multiply-add of 128-bit kernels whose bits may not depend on the processor. .NET's own calls the C library lane by lane where
/// the hardware has none, sixty times slower.
/// </summary>
internal static class Fused128
{
    /// <summary>a·b + c, rounded once.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> MultiplyAdd(Vector128<float> a, Vector128<float> b, Vector128<float> c) =>
        InstructionSets.FusesMultiplyAdd ? Vector128.FusedMultiplyAdd(a, b, c) : InDouble(a, b, c);

    /// <summary>
    /// The same by doubles, where the product of two floats is exact: the sum is rounded to odd, and from there to float, which is the single
    /// rounding (Boldo and Melquiond, Emulation of FMA and correctly rounded sums, 2008: a double has more than 2 · 24 + 2 bits).
    /// </summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    internal static Vector128<float> InDouble(Vector128<float> a, Vector128<float> b, Vector128<float> c)
    {
        (Vector128<double> lowA, Vector128<double> highA) = Vector128.Widen(a);
        (Vector128<double> lowB, Vector128<double> highB) = Vector128.Widen(b);
        (Vector128<double> lowC, Vector128<double> highC) = Vector128.Widen(c);
        return Vector128.Narrow(AddToOdd(lowA * lowB, lowC), AddToOdd(highA * highB, highC));
    }

    // Knuth's sum with its error. Where there is one and the sum's last bit is even, the neighbour on the error's side is the odd one: one
    // away from zero in the bits when sum and error have the same sign, one towards it when not. An error of NaN comes with an infinite or
    // NaN sum, which stays.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<double> AddToOdd(Vector128<double> product, Vector128<double> addend)
    {
        Vector128<double> sum = product + addend;
        Vector128<double> part = sum - product;
        Vector128<double> error = (product - (sum - part)) + (addend - part);
        Vector128<long> bits = sum.AsInt64();
        Vector128<long> inexact = (Vector128.GreaterThan(error, Vector128<double>.Zero) | Vector128.LessThan(error, Vector128<double>.Zero)).AsInt64();
        Vector128<long> step = Vector128.AndNot(inexact & Vector128<long>.One, bits);
        Vector128<long> opposite = (bits ^ error.AsInt64()) >>> 63;
        return (bits + step - ((step & opposite) << 1)).AsDouble();
    }
}
