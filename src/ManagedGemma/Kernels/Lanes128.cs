using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace ManagedGemma.Kernels;

/// <summary>What 128-bit kernels need of lanes and <see cref="Vector128"/> has no method for.</summary>
internal static class Lanes128
{
    /// <summary>a0, b0, a1, b1.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<uint> ZipLow(Vector128<uint> a, Vector128<uint> b) =>
        AdvSimd.Arm64.IsSupported ? AdvSimd.Arm64.ZipLow(a, b)
            : Sse2.IsSupported ? Sse2.UnpackLow(a, b)
            : (Vector128.WidenLower(a) | (Vector128.WidenLower(b) << 32)).AsUInt32();

    /// <summary>a2, b2, a3, b3.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<uint> ZipHigh(Vector128<uint> a, Vector128<uint> b) =>
        AdvSimd.Arm64.IsSupported ? AdvSimd.Arm64.ZipHigh(a, b)
            : Sse2.IsSupported ? Sse2.UnpackHigh(a, b)
            : (Vector128.WidenUpper(a) | (Vector128.WidenUpper(b) << 32)).AsUInt32();

    /// <summary>a0, b0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<ulong> ZipLow(Vector128<ulong> a, Vector128<ulong> b) =>
        AdvSimd.Arm64.IsSupported ? AdvSimd.Arm64.ZipLow(a, b)
            : Sse2.IsSupported ? Sse2.UnpackLow(a, b)
            : Vector128.Create(a.GetLower(), b.GetLower());

    /// <summary>a1, b1.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<ulong> ZipHigh(Vector128<ulong> a, Vector128<ulong> b) =>
        AdvSimd.Arm64.IsSupported ? AdvSimd.Arm64.ZipHigh(a, b)
            : Sse2.IsSupported ? Sse2.UnpackHigh(a, b)
            : Vector128.Create(a.GetUpper(), b.GetUpper());

    /// <summary>Four by four dwords transposed: row i of the result is column i of a, b, c, d.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Transpose(ref Vector128<uint> a, ref Vector128<uint> b, ref Vector128<uint> c, ref Vector128<uint> d)
    {
        Vector128<ulong> t0 = ZipLow(a, b).AsUInt64(), t1 = ZipHigh(a, b).AsUInt64();
        Vector128<ulong> t2 = ZipLow(c, d).AsUInt64(), t3 = ZipHigh(c, d).AsUInt64();
        a = ZipLow(t0, t2).AsUInt32();
        b = ZipHigh(t0, t2).AsUInt32();
        c = ZipLow(t1, t3).AsUInt32();
        d = ZipHigh(t1, t3).AsUInt32();
    }

    /// <summary>The sums of the lanes of each.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> AddAcross(Vector128<int> a, Vector128<int> b, Vector128<int> c, Vector128<int> d)
    {
        if (AdvSimd.Arm64.IsSupported)
        {
            return AdvSimd.Arm64.AddPairwise(AdvSimd.Arm64.AddPairwise(a, b), AdvSimd.Arm64.AddPairwise(c, d));
        }

        Vector128<ulong> low = (ZipLow(a.AsUInt32(), b.AsUInt32()) + ZipHigh(a.AsUInt32(), b.AsUInt32())).AsUInt64();
        Vector128<ulong> high = (ZipLow(c.AsUInt32(), d.AsUInt32()) + ZipHigh(c.AsUInt32(), d.AsUInt32())).AsUInt64();
        return ZipLow(low, high).AsInt32() + ZipHigh(low, high).AsInt32();
    }

    /// <summary>The lanes 0 + 2 and 1 + 3, and then those.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Halve(Vector128<float> four) => (four[0] + four[2]) + (four[1] + four[3]);
}
