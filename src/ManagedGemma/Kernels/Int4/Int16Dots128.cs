using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using VecF = System.Runtime.Intrinsics.Vector128<float>;
using VecI = System.Runtime.Intrinsics.Vector128<int>;

namespace ManagedGemma.Kernels.Int4;

/// <summary>The pairs (i, i + 4) of a word, each with a dword of activations that all rows share.</summary>
/// <typeparam name="TDot">The instructions that multiply.</typeparam>
internal readonly unsafe struct Int16Dots128<TDot> : IWordDots128
    where TDot : struct, IInt16Dot128
{
    public static int BlockDwords => 64;

    public static int GroupScales => 1;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static VecI Dots(FourWords128 weights, int* x, int* scales, int half)
    {
        VecI low = VecI.Zero, high = VecI.Zero;
        Add(weights.First, x, ref low, ref high);
        Add(weights.Second, x + 1, ref low, ref high);
        Add(weights.Third, x + 2, ref low, ref high);
        Add(weights.Fourth, x + 3, ref low, ref high);
        return TDot.Total(low, high);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static VecF Scale(VecI dots, int* scale) => Vector128.ConvertToSingle(dots) * *(float*)scale;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Add(VecI words, int* x, ref VecI low, ref VecI high)
    {
        TDot.Add((words & Vector128.Create(0x000F000F)).AsInt16(), Vector128.Create(x[0]).AsInt16(), ref low, ref high);
        TDot.Add(((words >>> 4) & Vector128.Create(0x000F000F)).AsInt16(), Vector128.Create(x[16]).AsInt16(), ref low, ref high);
        TDot.Add(((words >>> 8) & Vector128.Create(0x000F000F)).AsInt16(), Vector128.Create(x[32]).AsInt16(), ref low, ref high);
        TDot.Add(words.AsInt16() >>> 12, Vector128.Create(x[48]).AsInt16(), ref low, ref high);
    }
}
