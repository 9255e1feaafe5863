using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace ManagedGemma.Kernels.Int4;

/// <summary>The even nibbles of each word as bytes, and the odd ones.</summary>
internal readonly unsafe struct NibbleStore : IWordStore
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Vector128<uint> words, uint* target, nint second)
    {
        (words & Vector128.Create(0x0F0F0F0Fu)).Store(target);
        ((words >>> 4) & Vector128.Create(0x0F0F0F0Fu)).Store(target + second);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Vector256<uint> words, uint* target, nint second)
    {
        (words & Vector256.Create(0x0F0F0F0Fu)).Store(target);
        ((words >>> 4) & Vector256.Create(0x0F0F0F0Fu)).Store(target + second);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Vector512<uint> words, uint* target, nint second)
    {
        (words & Vector512.Create(0x0F0F0F0Fu)).Store(target);
        ((words >>> 4) & Vector512.Create(0x0F0F0F0Fu)).Store(target + second);
    }
}
