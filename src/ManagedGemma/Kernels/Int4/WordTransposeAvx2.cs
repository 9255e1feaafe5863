using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using ISA = System.Runtime.Intrinsics.X86.Avx2;

namespace ManagedGemma.Kernels.Int4;

/// <summary>Transposes 8 words of 8 rows: vector w holds word w of rows 0..7; 24 shuffles for 8 vectors.</summary>
internal readonly unsafe struct WordTransposeAvx2 : IWordTranspose
{
    public static int Rows => 8;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void EightWords<TStore>(byte** rows, nint byteOffset, uint* target, nint stride)
        where TStore : struct, IWordStore
    {
        Vector256<uint> r0 = One(rows, 0, byteOffset), r1 = One(rows, 1, byteOffset);
        Vector256<uint> r2 = One(rows, 2, byteOffset), r3 = One(rows, 3, byteOffset);
        Vector256<uint> r4 = One(rows, 4, byteOffset), r5 = One(rows, 5, byteOffset);
        Vector256<uint> r6 = One(rows, 6, byteOffset), r7 = One(rows, 7, byteOffset);
        Vector256<ulong> a0 = ISA.UnpackLow(r0, r1).AsUInt64(), a1 = ISA.UnpackHigh(r0, r1).AsUInt64();
        Vector256<ulong> a2 = ISA.UnpackLow(r2, r3).AsUInt64(), a3 = ISA.UnpackHigh(r2, r3).AsUInt64();
        Vector256<ulong> a4 = ISA.UnpackLow(r4, r5).AsUInt64(), a5 = ISA.UnpackHigh(r4, r5).AsUInt64();
        Vector256<ulong> a6 = ISA.UnpackLow(r6, r7).AsUInt64(), a7 = ISA.UnpackHigh(r6, r7).AsUInt64();
        Store<TStore>(ISA.UnpackLow(a0, a2), ISA.UnpackLow(a4, a6), target, stride);
        Store<TStore>(ISA.UnpackHigh(a0, a2), ISA.UnpackHigh(a4, a6), target + stride, stride);
        Store<TStore>(ISA.UnpackLow(a1, a3), ISA.UnpackLow(a5, a7), target + (2 * stride), stride);
        Store<TStore>(ISA.UnpackHigh(a1, a3), ISA.UnpackHigh(a5, a7), target + (3 * stride), stride);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<uint> One(byte** rows, int row, nint byteOffset) => Vector256.Load((uint*)(rows[row] + byteOffset));

    // The 128-bit lanes hold: word w of four rows, word w + 4 of the same.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store<TStore>(Vector256<ulong> low, Vector256<ulong> high, uint* target, nint stride)
        where TStore : struct, IWordStore
    {
        TStore.Store(ISA.Permute2x128(low, high, 0x20).AsUInt32(), target, stride / 2);
        TStore.Store(ISA.Permute2x128(low, high, 0x31).AsUInt32(), target + (4 * stride), stride / 2);
    }
}
