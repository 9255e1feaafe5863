namespace ManagedGemma.Comparison;

/// <summary>How two sets of tensors differ.</summary>
/// <param name="States">What both have, in the order of computation where that is known, else as people order names.</param>
/// <param name="OnlyInA">Names that B has not.</param>
/// <param name="OnlyInB">Names that A has not.</param>
/// <param name="PairedWith">The name of B's only tensor, where it was held against A's only one although that is called otherwise; else null.</param>
/// <param name="Bytes">Bytes of both sides that were compared.</param>
public sealed record TensorComparison(
    IReadOnlyList<StateComparison> States, IReadOnlyList<string> OnlyInA, IReadOnlyList<string> OnlyInB, string? PairedWith, long Bytes)
{
    /// <summary>Whether both hold the same tensors and all are within tolerance.</summary>
    public bool IsWithin => FirstOutside is null && OnlyInA.Count == 0 && OnlyInB.Count == 0;

    /// <summary>The first state that is not within tolerance; null when all are.</summary>
    public StateComparison? FirstOutside => States.FirstOrDefault(x => x.Verdict != StateVerdict.Within);

    /// <summary>The state with the largest relative L2, the first of equals; null when there are only whole numbers.</summary>
    public StateComparison? Worst => States.Where(x => x.RelativeL2 is not null).MaxBy(x => x.RelativeL2);
}
