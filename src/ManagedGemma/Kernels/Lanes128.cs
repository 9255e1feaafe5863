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

    /// <summary>Four by four dwords transposed: row i of the result is column i of a, b, c, d.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Transpose(ref Vector128<uint> a, ref Vector128<uint> b, ref Vector128<uint> c, ref Vector128<uint> d)
    {
        Vector128<uint> t0 = ZipLow(a, b), t1 = ZipHigh(a, b), t2 = ZipLow(c, d), t3 = ZipHigh(c, d);
        a = Vector128.Create(t0.GetLower(), t2.GetLower());
        b = Vector128.Create(t0.GetUpper(), t2.GetUpper());
        c = Vector128.Create(t1.GetLower(), t3.GetLower());
        d = Vector128.Create(t1.GetUpper(), t3.GetUpper());
    }

    /// <summary>The lanes 0 + 2 and 1 + 3, and then those.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Halve(Vector128<float> four) => (four[0] + four[2]) + (four[1] + four[3]);
}
