using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using ISA = System.Runtime.Intrinsics.X86.Avx2;
using Vec = System.Runtime.Intrinsics.Vector256;
using VecF = System.Runtime.Intrinsics.Vector256<float>;
using VecI = System.Runtime.Intrinsics.Vector256<int>;
using VecS = System.Runtime.Intrinsics.Vector256<short>;

namespace ManagedGemma.Kernels.Int4;

/// <summary>vpmaddubsw of even and of odd nibbles: a word's four sums are at most 4 · 15 · 127 each, so two vectors of them add up in 16 bits.</summary>
internal readonly unsafe struct Int8DotsAvx2 : IWordDots256
{
    public static int BlockDwords => 32;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static WordNibbles256 Split(VecI words) =>
        new(words & Vec.Create(0x0F0F0F0F), (words >>> 4) & Vec.Create(0x0F0F0F0F), default, default);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static VecF Dots(WordNibbles256 weights, int* x)
    {
        VecS even = ISA.MultiplyAddAdjacent(weights.First.AsByte(), Vec.Load(x).AsSByte());
        VecS odd = ISA.MultiplyAddAdjacent(weights.Second.AsByte(), Vec.Load(x + 16).AsSByte());
        return Vec.ConvertToSingle(ISA.MultiplyAddAdjacent(even + odd, VecS.One));
    }
}
