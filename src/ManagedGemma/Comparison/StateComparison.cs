using ManagedGemma.Checkpoints;

namespace ManagedGemma.Comparison;

/// <summary>How one state, or one tensor that is not of states, differs. B is the reference.</summary>
public sealed record StateComparison
{
    /// <summary>The state's name.</summary>
    public required string Name { get; init; }

    /// <summary>The type of A's elements.</summary>
    public required ElementType TypeA { get; init; }

    /// <summary>The type of B's elements.</summary>
    public required ElementType TypeB { get; init; }

    /// <summary>A's shape without leading ones; [rows, channels] for a state of several in a tensor.</summary>
    public required IReadOnlyList<long> ShapeA { get; init; }

    /// <summary>B's.</summary>
    public required IReadOnlyList<long> ShapeB { get; init; }

    /// <summary>Rows of A: tokens, padding counted, where the tensor has any.</summary>
    public required long Rows { get; init; }

    /// <summary>Within tolerance or not.</summary>
    public required StateVerdict Verdict { get; init; }

    /// <summary>Whether both sides are whole numbers, which have to be equal.</summary>
    public bool IsExact { get; init; }

    /// <summary>Places that differ, where <see cref="IsExact"/>; else null.</summary>
    public long? Differing { get; init; }

    /// <summary>The largest |a − b| of elements that are finite on both sides; infinity where a double cannot hold it.</summary>
    public double MaxAbs { get; init; }

    /// <summary>Where that is first; null when nothing differs.</summary>
    public ElementPlace? MaxAbsAt { get; init; }

    /// <summary>|A − B| / |B|; 0 when both are zero, infinity when B alone is; null for whole numbers and where shapes differ.</summary>
    public double? RelativeL2 { get; init; }

    /// <summary>A · B / (|A| |B|); null where one of them is zero, for whole numbers and where shapes differ.</summary>
    public double? Cosine { get; init; }

    /// <summary>|A − B|; null as for <see cref="RelativeL2"/>.</summary>
    public double? DifferenceL2 { get; init; }

    /// <summary>|B|; null as for <see cref="RelativeL2"/>.</summary>
    public double? ReferenceL2 { get; init; }

    /// <summary>Elements that took part: finite on both sides, in no skipped row.</summary>
    public long Compared { get; init; }

    /// <summary>Places where both sides are NaN: no difference, and not in the sums.</summary>
    public long EqualNaNs { get; init; }

    /// <summary>Places where both sides are the same infinity: no difference, and not in the sums.</summary>
    public long EqualInfinities { get; init; }

    /// <summary>Places where one side is not a finite number and the other is not the same.</summary>
    public long NonFiniteDifferences { get; init; }

    /// <summary>The first of those.</summary>
    public ElementPlace? NonFiniteAt { get; init; }

    /// <summary>Rows of zeros on both sides, as padding is.</summary>
    public long ZeroRows { get; init; }

    /// <summary>Rows of zeros in A alone.</summary>
    public long ZeroRowsOnlyInA { get; init; }

    /// <summary>Rows of zeros in B alone.</summary>
    public long ZeroRowsOnlyInB { get; init; }

    /// <summary>Rows left out as padding.</summary>
    public long SkippedRows { get; init; }

    /// <summary>The rows (tokens, padding counted) that contribute most to the squared error.</summary>
    public IReadOnlyList<WorstPart> WorstRows { get; init; } = [];

    /// <summary>The channels that contribute most to the squared error; none where a row has more than 2^20.</summary>
    public IReadOnlyList<WorstPart> WorstChannels { get; init; } = [];

    /// <summary>
    /// The relative L2 of every row, or the largest of several neighbours; infinity where a number is against none, NaN where nothing
    /// was compared. Null when it was not asked for.
    /// </summary>
    public IReadOnlyList<float>? Heat { get; init; }
}
