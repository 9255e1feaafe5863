using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace ManagedGemma.Kernels.Int4;

/// <summary>Words as they are.</summary>
internal readonly unsafe struct WordStore : IWordStore
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Vector128<uint> words, uint* target, nint second) => words.Store(target);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Vector256<uint> words, uint* target, nint second) => words.Store(target);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Vector512<uint> words, uint* target, nint second) => words.Store(target);
}
