using ManagedGemma.Checkpoints;
using ManagedGemma.Cli.Hosting;
using ManagedGemma.Comparison;

namespace ManagedGemma.Cli.Output;

/// <summary>What <c>compare --json</c> prints. B is the reference.</summary>
internal sealed record CompareReport
{
    public required string A { get; init; }

    public required string B { get; init; }

    /// <summary>Whether both hold the same and all of it is within tolerance.</summary>
    public required bool Within { get; init; }

    /// <summary>The largest relative L2 that is.</summary>
    public required double Tolerance { get; init; }

    /// <summary>The largest difference of an element that is; null: any.</summary>
    public required double? MaxAbs { get; init; }

    /// <summary>The first state that is not; null when all are.</summary>
    public required string? FirstOutside { get; init; }

    /// <summary>The state with the largest relative L2; null when there are only whole numbers.</summary>
    public required string? Worst { get; init; }

    public required IReadOnlyList<string> OnlyInA { get; init; }

    public required IReadOnlyList<string> OnlyInB { get; init; }

    /// <summary>The name of B's only tensor where it is not that of A's only one; else null.</summary>
    public required string? PairedWith { get; init; }

    /// <summary>In the order of computation where that is known.</summary>
    public required IReadOnlyList<CompareState> States { get; init; }

    public required long ComparedBytes { get; init; }

    public required double Seconds { get; init; }

    public required long PeakMemoryBytes { get; init; }

    /// <summary>The picture; null when none was asked for.</summary>
    public required string? Plot { get; init; }

    public required IReadOnlyList<string> Warnings { get; init; }

    /// <summary>Reports a comparison.</summary>
    public static CompareReport Of(
        string a, string b, TensorComparison comparison, ComparisonOptions options, double seconds, string? plot, IReadOnlyList<string> warnings) => new()
    {
        A = a,
        B = b,
        Within = comparison.IsWithin,
        Tolerance = options.Tolerance,
        MaxAbs = options.MaxAbs,
        FirstOutside = comparison.FirstOutside?.Name,
        Worst = comparison.Worst?.Name,
        OnlyInA = comparison.OnlyInA,
        OnlyInB = comparison.OnlyInB,
        PairedWith = comparison.PairedWith,
        States = [.. comparison.States.Select(CompareState.Of)],
        ComparedBytes = comparison.Bytes,
        Seconds = seconds,
        PeakMemoryBytes = MemoryUse.Now().Peak,
        Plot = plot,
        Warnings = warnings,
    };
}

/// <summary>A state, or a tensor that is not of states. What does not apply, or what no number is for (over zero, infinity), is null.</summary>
internal sealed record CompareState
{
    public required string Name { get; init; }

    /// <summary>"within", "outside" or "shapes differ".</summary>
    public required string Verdict { get; init; }

    public required string TypeA { get; init; }

    public required string TypeB { get; init; }

    /// <summary>Without leading ones.</summary>
    public required IReadOnlyList<long> ShapeA { get; init; }

    public required IReadOnlyList<long> ShapeB { get; init; }

    public required double? MaxAbs { get; init; }

    /// <summary>Row and channel of that.</summary>
    public required IReadOnlyList<long>? MaxAbsAt { get; init; }

    public required double? RelativeL2 { get; init; }

    public required double? Cosine { get; init; }

    public required double? DifferenceL2 { get; init; }

    public required double? ReferenceL2 { get; init; }

    /// <summary>Of whole numbers, which have to be equal.</summary>
    public required long? Differing { get; init; }

    public required long Compared { get; init; }

    public required long EqualNans { get; init; }

    public required long EqualInfinities { get; init; }

    public required long NonFiniteDifferences { get; init; }

    public required IReadOnlyList<long>? NonFiniteAt { get; init; }

    public required long ZeroRows { get; init; }

    public required long ZeroRowsOnlyInA { get; init; }

    public required long ZeroRowsOnlyInB { get; init; }

    public required long SkippedRows { get; init; }

    public required IReadOnlyList<ComparePart> WorstTokens { get; init; }

    public required IReadOnlyList<ComparePart> WorstChannels { get; init; }

    /// <summary>Reports a state.</summary>
    public static CompareState Of(StateComparison state) => new()
    {
        Name = state.Name,
        Verdict = state.Verdict switch
        {
            StateVerdict.Within => "within",
            StateVerdict.Outside => "outside",
            _ => "shapes differ",
        },
        TypeA = state.TypeA.ToSafetensorsName(),
        TypeB = state.TypeB.ToSafetensorsName(),
        ShapeA = state.ShapeA,
        ShapeB = state.ShapeB,
        MaxAbs = state.Verdict == StateVerdict.ShapesDiffer ? null : Finite(state.MaxAbs),
        MaxAbsAt = Place(state.MaxAbsAt),
        RelativeL2 = Finite(state.RelativeL2),
        Cosine = Finite(state.Cosine),
        DifferenceL2 = Finite(state.DifferenceL2),
        ReferenceL2 = Finite(state.ReferenceL2),
        Differing = state.Differing,
        Compared = state.Compared,
        EqualNans = state.EqualNaNs,
        EqualInfinities = state.EqualInfinities,
        NonFiniteDifferences = state.NonFiniteDifferences,
        NonFiniteAt = Place(state.NonFiniteAt),
        ZeroRows = state.ZeroRows,
        ZeroRowsOnlyInA = state.ZeroRowsOnlyInA,
        ZeroRowsOnlyInB = state.ZeroRowsOnlyInB,
        SkippedRows = state.SkippedRows,
        WorstTokens = [.. state.WorstRows.Select(Part)],
        WorstChannels = [.. state.WorstChannels.Select(Part)],
    };

    private static ComparePart Part(WorstPart part) => new(part.Index, Finite(part.Share), Finite(part.RelativeL2));

    private static long[]? Place(ElementPlace? place) => place is { } x ? [x.Row, x.Channel] : null;

    // JSON has no other numbers.
    private static double? Finite(double? value) => value is { } x && double.IsFinite(x) ? x : null;
}

/// <summary>A token or channel.</summary>
/// <param name="Index">From 0; of tokens padding is counted.</param>
/// <param name="Share">Of the state's squared error; null where no double holds that.</param>
/// <param name="RelativeL2">Null where the reference is zero.</param>
internal sealed record ComparePart(long Index, double? Share, double? RelativeL2);
