using System.Runtime.Intrinsics;

namespace ManagedGemma.Kernels.Int4;

/// <summary>
/// Products of four bytes: a dword of weights (0..15) with a dword of activations (−127..127), added up in a vector whose lanes are the
/// implementation's own affair until <see cref="Total"/>. Eight dwords fit, which is a half group.
/// </summary>
internal interface IInt8Dot128
{
    /// <summary>Adds the products of four dwords.</summary>
    static abstract Vector128<int> Add(Vector128<int> sums, Vector128<byte> weights, Vector128<sbyte> x);

    /// <summary>The sum of each dword's products.</summary>
    static abstract Vector128<int> Total(Vector128<int> sums);
}
