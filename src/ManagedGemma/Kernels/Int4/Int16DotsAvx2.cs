using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using ISA = System.Runtime.Intrinsics.X86.Avx2;
using Vec = System.Runtime.Intrinsics.Vector256;
using VecF = System.Runtime.Intrinsics.Vector256<float>;
using VecI = System.Runtime.Intrinsics.Vector256<int>;

namespace ManagedGemma.Kernels.Int4;

/// <summary>vpmaddwd of pairs; the last needs no mask, since 16-bit shifts bring in zeros.</summary>
internal readonly unsafe struct Int16DotsAvx2 : IWordDots256
{
    public static int BlockDwords => 64;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static WordNibbles256 Split(VecI words) => new(
        words & Vec.Create(0x000F000F),
        (words >>> 4) & Vec.Create(0x000F000F),
        (words >>> 8) & Vec.Create(0x000F000F),
        (words.AsInt16() >>> 12).AsInt32());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static VecF Dots(WordNibbles256 weights, int* x)
    {
        VecI dot = ISA.MultiplyAddAdjacent(weights.First.AsInt16(), Vec.Load(x).AsInt16());
        dot += ISA.MultiplyAddAdjacent(weights.Second.AsInt16(), Vec.Load(x + 16).AsInt16());
        dot += ISA.MultiplyAddAdjacent(weights.Third.AsInt16(), Vec.Load(x + 32).AsInt16());
        dot += ISA.MultiplyAddAdjacent(weights.Fourth.AsInt16(), Vec.Load(x + 48).AsInt16());
        return Vec.ConvertToSingle(dot);
    }
}
