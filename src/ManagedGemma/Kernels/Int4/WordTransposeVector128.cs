using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace ManagedGemma.Kernels.Int4;

/// <summary>Transposes 8 words of 4 rows, four by four: vector w holds word w of rows 0..3.</summary>
internal readonly unsafe struct WordTransposeVector128 : IWordTranspose
{
    public static int Rows => 4;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void EightWords<TStore>(byte** rows, nint byteOffset, uint* target, nint stride)
        where TStore : struct, IWordStore
    {
        FourWords<TStore>(rows, byteOffset, target, stride);
        FourWords<TStore>(rows, byteOffset + (4 * sizeof(uint)), target + (4 * stride), stride);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void FourWords<TStore>(byte** rows, nint byteOffset, uint* target, nint stride)
        where TStore : struct, IWordStore
    {
        Vector128<uint> a = One(rows, 0, byteOffset), b = One(rows, 1, byteOffset);
        Vector128<uint> c = One(rows, 2, byteOffset), d = One(rows, 3, byteOffset);
        Lanes128.Transpose(ref a, ref b, ref c, ref d);
        TStore.Store(a, target, stride / 2);
        TStore.Store(b, target + stride, stride / 2);
        TStore.Store(c, target + (2 * stride), stride / 2);
        TStore.Store(d, target + (3 * stride), stride / 2);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<uint> One(byte** rows, int row, nint byteOffset) => Vector128.Load((uint*)(rows[row] + byteOffset));
}
