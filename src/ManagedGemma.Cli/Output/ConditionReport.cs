namespace ManagedGemma.Cli.Output;

/// <summary>What <c>condition --json</c> prints. Times are seconds, sizes bytes.</summary>
internal sealed record ConditionReport
{
    public required string Output { get; init; }

    public required long OutputBytes { get; init; }

    public required string Format { get; init; }

    public required string Model { get; init; }

    public required string ModelOrigin { get; init; }

    public required bool IsDemo { get; init; }

    /// <summary>The LTX checkpoint's file name; null: none.</summary>
    public required string? Ltx { get; init; }

    /// <summary>Whose projection and connectors it holds: 2.0 or 2.3.</summary>
    public required string? LtxVersion { get; init; }

    public required string Profile { get; init; }

    public required string Precision { get; init; }

    public required int Threads { get; init; }

    /// <summary>Tokens that were conditioned, BOS included.</summary>
    public required int Tokens { get; init; }

    /// <summary>Tokens that were cut off.</summary>
    public required int TruncatedTokens { get; init; }

    /// <summary>Their text.</summary>
    public required string? TruncatedText { get; init; }

    /// <summary>T: rows of the outputs.</summary>
    public required int Length { get; init; }

    public required int? VideoWidth { get; init; }

    public required int? AudioWidth { get; init; }

    public required double LoadSeconds { get; init; }

    public required double TokenizeSeconds { get; init; }

    public required double ConditionSeconds { get; init; }

    public required double WriteSeconds { get; init; }

    public required long PeakMemoryBytes { get; init; }

    /// <summary>Without the mapped weights, at the end; null where the system does not tell.</summary>
    public required long? PrivateMemoryBytes { get; init; }

    /// <summary>With <c>--enhance</c>: the prompt that was conditioned; else null.</summary>
    public required string? EnhancedPrompt { get; init; }

    public required IReadOnlyList<string> Warnings { get; init; }
}
