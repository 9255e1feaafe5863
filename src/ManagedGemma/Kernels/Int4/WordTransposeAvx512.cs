using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using ISA = System.Runtime.Intrinsics.X86.Avx512F;

namespace ManagedGemma.Kernels.Int4;

/// <summary>
/// Transposes 8 words of 16 rows: vector w holds word w of rows 0..15. Row r and row r + 8 share a vector (lower and upper
/// half), so that 8x8 transpositions within the halves do it: 24 shuffles for 8 vectors.
/// </summary>
internal readonly unsafe struct WordTransposeAvx512 : IWordTranspose
{
    public static int Rows => 16;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void EightWords<TStore>(byte** rows, nint byteOffset, uint* target, nint stride)
        where TStore : struct, IWordStore
    {
        Vector512<uint> r0 = Two(rows, 0, byteOffset), r1 = Two(rows, 1, byteOffset);
        Vector512<uint> r2 = Two(rows, 2, byteOffset), r3 = Two(rows, 3, byteOffset);
        Vector512<uint> r4 = Two(rows, 4, byteOffset), r5 = Two(rows, 5, byteOffset);
        Vector512<uint> r6 = Two(rows, 6, byteOffset), r7 = Two(rows, 7, byteOffset);
        Vector512<ulong> a0 = ISA.UnpackLow(r0, r1).AsUInt64(), a1 = ISA.UnpackHigh(r0, r1).AsUInt64();
        Vector512<ulong> a2 = ISA.UnpackLow(r2, r3).AsUInt64(), a3 = ISA.UnpackHigh(r2, r3).AsUInt64();
        Vector512<ulong> a4 = ISA.UnpackLow(r4, r5).AsUInt64(), a5 = ISA.UnpackHigh(r4, r5).AsUInt64();
        Vector512<ulong> a6 = ISA.UnpackLow(r6, r7).AsUInt64(), a7 = ISA.UnpackHigh(r6, r7).AsUInt64();
        Store<TStore>(ISA.UnpackLow(a0, a2), ISA.UnpackLow(a4, a6), target, stride);
        Store<TStore>(ISA.UnpackHigh(a0, a2), ISA.UnpackHigh(a4, a6), target + stride, stride);
        Store<TStore>(ISA.UnpackLow(a1, a3), ISA.UnpackLow(a5, a7), target + (2 * stride), stride);
        Store<TStore>(ISA.UnpackHigh(a1, a3), ISA.UnpackHigh(a5, a7), target + (3 * stride), stride);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<uint> Two(byte** rows, int row, nint byteOffset) =>
        ISA.InsertVector256(
            Vector256.Load((uint*)(rows[row] + byteOffset)).ToVector512Unsafe(), Vector256.Load((uint*)(rows[row + 8] + byteOffset)), 1);

    // The 128-bit lanes hold: word w of four rows, word w + 4 of the same, then both for the rows eight further.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store<TStore>(Vector512<ulong> low, Vector512<ulong> high, uint* target, nint stride)
        where TStore : struct, IWordStore
    {
        TStore.Store(ISA.PermuteVar8x64x2(low, Vector512.Create(0UL, 1, 8, 9, 4, 5, 12, 13), high).AsUInt32(), target, stride / 2);
        TStore.Store(ISA.PermuteVar8x64x2(low, Vector512.Create(2UL, 3, 10, 11, 6, 7, 14, 15), high).AsUInt32(), target + (4 * stride), stride / 2);
    }
}
