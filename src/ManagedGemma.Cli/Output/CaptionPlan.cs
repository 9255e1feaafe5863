namespace ManagedGemma.Cli.Output;

/// <summary>What <c>condition --captions --dry-run --json</c> prints. Times are seconds, sizes bytes.</summary>
internal sealed record CaptionPlan
{
    /// <summary>Captions of the list, or of the shard.</summary>
    public required int Captions { get; init; }

    /// <summary>Captions that would be conditioned.</summary>
    public required int ToDo { get; init; }

    /// <summary>Captions whose outputs are there.</summary>
    public required int Skipped { get; init; }

    /// <summary>Captions that would fail before they are computed.</summary>
    public required int Failed { get; init; }

    /// <summary>Captions to do whose results the cache holds.</summary>
    public required int Cached { get; init; }

    /// <summary>Tokens of the captions to do, BOS included.</summary>
    public required long Tokens { get; init; }

    /// <summary>Tokens of the longest.</summary>
    public required int LongestTokens { get; init; }

    /// <summary>Lines of captions that are too long.</summary>
    public required IReadOnlyList<long> TruncatedLines { get; init; }

    /// <summary>Bytes that would be written.</summary>
    public required long OutputBytes { get; init; }

    /// <summary>How long it would take; null when nothing is to be computed.</summary>
    public required double? Seconds { get; init; }

    /// <summary>Tokens of the pass that was measured for that.</summary>
    public required int? MeasuredTokens { get; init; }

    /// <summary>How long it took.</summary>
    public required double? MeasuredSeconds { get; init; }
}
