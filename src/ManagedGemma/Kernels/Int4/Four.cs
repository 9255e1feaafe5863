namespace ManagedGemma.Kernels.Int4;

/// <summary>Four of a kind: rows, or vectors of a row's nibbles. A kernel keeps all of them in registers.</summary>
internal readonly struct Four<T>(T first, T second, T third, T fourth)
{
    public readonly T First = first;

    public readonly T Second = second;

    public readonly T Third = third;

    public readonly T Fourth = fourth;
}
