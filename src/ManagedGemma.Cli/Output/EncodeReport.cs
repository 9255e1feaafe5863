namespace ManagedGemma.Cli.Output;

/// <summary>What <c>encode --json</c> prints. Times are seconds, sizes bytes.</summary>
internal sealed record EncodeReport
{
    public required string Output { get; init; }

    public required long OutputBytes { get; init; }

    public required string Model { get; init; }

    public required string ModelOrigin { get; init; }

    public required bool IsDemo { get; init; }

    public required string Profile { get; init; }

    public required string Precision { get; init; }

    public required string Features { get; init; }

    public required string Dtype { get; init; }

    public required int Threads { get; init; }

    /// <summary>Tokens that were encoded, BOS included.</summary>
    public required int Tokens { get; init; }

    /// <summary>Tokens that were cut off.</summary>
    public required int TruncatedTokens { get; init; }

    /// <summary>T: rows of the outputs.</summary>
    public required int Length { get; init; }

    /// <summary>Elements of a row of the features.</summary>
    public required int Width { get; init; }

    public required double LoadSeconds { get; init; }

    public required double TokenizeSeconds { get; init; }

    public required double EncodeSeconds { get; init; }

    public required double WriteSeconds { get; init; }

    public required double TokensPerSecond { get; init; }

    public required long PeakMemoryBytes { get; init; }

    /// <summary>Without the mapped weights, at the end; null where the system does not tell.</summary>
    public required long? PrivateMemoryBytes { get; init; }

    /// <summary>With <c>--enhance</c>: the prompt that was encoded; else null.</summary>
    public required string? EnhancedPrompt { get; init; }

    public required IReadOnlyList<string> Warnings { get; init; }
}
