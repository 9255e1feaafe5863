using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using VecF = System.Runtime.Intrinsics.Vector128<float>;
using VecI = System.Runtime.Intrinsics.Vector128<int>;

namespace ManagedGemma.Kernels.Int4;

/// <summary>Even and odd nibbles of a word, each with a dword of activations that all rows share.</summary>
/// <typeparam name="TDot">The instructions that multiply.</typeparam>
internal readonly unsafe struct Int8Dots128<TDot> : IWordDots128
    where TDot : struct, IInt8Dot128
{
    public static int BlockDwords => 32;

    public static int GroupScales => 2;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static VecI Dots(FourWords128 weights, int* x, int* scales, int half)
    {
        VecI sums = Add(VecI.Zero, weights.First, x);
        sums = Add(sums, weights.Second, x + 1);
        sums = Add(sums, weights.Third, x + 2);
        sums = Add(sums, weights.Fourth, x + 3);
        return TDot.Total(sums) * Vector128.Create(scales[half] & 0xFFFF);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static VecF Scale(VecI dots, int* scale) => Vector128.ConvertToSingle(dots);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static VecI Add(VecI sums, VecI words, int* x)
    {
        sums = TDot.Add(sums, (words & Vector128.Create(0x0F0F0F0F)).AsByte(), Vector128.Create(x[0]).AsSByte());
        return TDot.Add(sums, ((words >>> 4) & Vector128.Create(0x0F0F0F0F)).AsByte(), Vector128.Create(x[16]).AsSByte());
    }
}
