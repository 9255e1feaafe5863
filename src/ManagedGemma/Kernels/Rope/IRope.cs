namespace ManagedGemma.Kernels.Rope;

/// <summary>
/// Rotary position embedding of one head (Su et al. 2021) in the halves layout: element i pairs with i + n, n = half of what
/// is rotated; (a, b) becomes (a·cos − b·sin, b·cos + a·sin).
/// </summary>
internal interface IRope
{
    /// <summary>Rotates the first 2n elements of a head in place; the others pass through.</summary>
    /// <param name="head">At least 2n elements.</param>
    /// <param name="cos">n cosines of this position's angles.</param>
    /// <param name="sin">n sines.</param>
    void Rotate(Span<float> head, ReadOnlySpan<float> cos, ReadOnlySpan<float> sin);
}
