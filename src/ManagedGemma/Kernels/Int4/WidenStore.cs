using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace ManagedGemma.Kernels.Int4;

/// <summary>Words of two bf16 as floats: the lower ones, and the upper ones.</summary>
internal readonly unsafe struct WidenStore : IWordStore
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Vector128<uint> words, uint* target, nint second)
    {
        (words << 16).Store(target);
        (words & Vector128.Create(0xFFFF0000u)).Store(target + second);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Vector256<uint> words, uint* target, nint second)
    {
        (words << 16).Store(target);
        (words & Vector256.Create(0xFFFF0000u)).Store(target + second);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Vector512<uint> words, uint* target, nint second)
    {
        (words << 16).Store(target);
        (words & Vector512.Create(0xFFFF0000u)).Store(target + second);
    }
}
