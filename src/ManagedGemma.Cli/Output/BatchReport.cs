namespace ManagedGemma.Cli.Output;

/// <summary>What <c>encode --batch --json</c> and <c>condition --captions --json</c> print of a line, in the order of the lines.</summary>
internal sealed record BatchReport
{
    /// <summary>The line's number, from 1.</summary>
    public required long Line { get; init; }

    /// <summary>The output's name without extension; of a caption with its path below the outputs' directory.</summary>
    public required string Name { get; init; }

    /// <summary>encoded, skipped (the output was there) or failed.</summary>
    public required string Outcome { get; init; }

    /// <summary>The file; null when it failed.</summary>
    public required string? Output { get; init; }

    /// <summary>Bytes written.</summary>
    public required long? OutputBytes { get; init; }

    /// <summary>Tokens of the prompt, BOS included.</summary>
    public required int? Tokens { get; init; }

    /// <summary>Tokens that were cut off.</summary>
    public required int? TruncatedTokens { get; init; }

    /// <summary>T: rows of the outputs.</summary>
    public required int? Length { get; init; }

    /// <summary>Elements of a row of the features; null where there are several widths.</summary>
    public required int? Width { get; init; }

    /// <summary>What went wrong.</summary>
    public required string? Error { get; init; }

    public required IReadOnlyList<string> Warnings { get; init; }
}
