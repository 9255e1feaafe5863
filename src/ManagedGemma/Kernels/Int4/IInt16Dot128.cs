using System.Runtime.Intrinsics;

namespace ManagedGemma.Kernels.Int4;

/// <summary>
/// Products of 16-bit pairs: a dword of weights (0..15) with a dword of activations, added up in two vectors whose lanes are the
/// implementation's own affair until <see cref="Total"/>. 32 pairs of at most 15 · 32767 fit.
/// </summary>
internal interface IInt16Dot128
{
    /// <summary>Adds the products of four dwords.</summary>
    static abstract void Add(Vector128<short> weights, Vector128<short> x, ref Vector128<int> low, ref Vector128<int> high);

    /// <summary>The sum of each dword's products.</summary>
    static abstract Vector128<int> Total(Vector128<int> low, Vector128<int> high);
}
