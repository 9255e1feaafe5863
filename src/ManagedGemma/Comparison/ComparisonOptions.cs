namespace ManagedGemma.Comparison;

/// <summary>What <see cref="TensorComparer"/> compares, and what it calls equal.</summary>
public sealed record ComparisonOptions
{
    /// <summary>
    /// The relative L2 that is within tolerance unless said otherwise: the product of 16-bit activations and 4-bit weights stays an
    /// order of magnitude below, that of 8-bit activations one above.
    /// </summary>
    public const double DefaultTolerance = 1e-3;

    /// <summary>The largest |A − B| / |B| of a state that is within tolerance.</summary>
    public double Tolerance { get; init; } = DefaultTolerance;

    /// <summary>The largest |a − b| of an element that is within tolerance; null: any.</summary>
    public double? MaxAbs { get; init; }

    /// <summary>Names of tensors or states to compare, with * and ?; empty: all.</summary>
    public IReadOnlyList<string> Patterns { get; init; } = [];

    /// <summary>
    /// States that take turns in a row of features, index = channel · states + state; null: as the files' metadata, their hidden
    /// states or the widths of Google's models say.
    /// </summary>
    public int? States { get; init; }

    /// <summary>Whether rows that the attention masks of both sides call padding are left out.</summary>
    public bool SkipsPadding { get; init; }

    /// <summary>How many of the worst rows and channels of a state are kept.</summary>
    public int Top { get; init; } = 5;

    /// <summary>Columns of a state's <see cref="StateComparison.Heat"/>; 0: none.</summary>
    public int HeatColumns { get; init; }
}
