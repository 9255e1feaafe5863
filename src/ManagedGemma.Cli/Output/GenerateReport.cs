using ManagedGemma.Generation;

namespace ManagedGemma.Cli.Output;

/// <summary>What a generation took: the last line of <c>generate --json</c>, and part of what <c>enhance --json</c> prints.</summary>
internal sealed record GenerateReport
{
    public required string Model { get; init; }

    public required bool IsDemo { get; init; }

    /// <summary>stop or length.</summary>
    public required string FinishReason { get; init; }

    /// <summary>The stop id or stop text that ended it; null: none did.</summary>
    public required string? StoppedBy { get; init; }

    public required int PromptTokens { get; init; }

    /// <summary>Those of them that were computed before.</summary>
    public required int PrefixTokens { get; init; }

    public required int GeneratedTokens { get; init; }

    /// <summary>Those of them that prompt lookup guessed.</summary>
    public required int LookupTokens { get; init; }

    public required double LoadSeconds { get; init; }

    /// <summary>To the first token.</summary>
    public required double PromptSeconds { get; init; }

    /// <summary>From the first token to the last.</summary>
    public required double GenerationSeconds { get; init; }

    public required double PromptTokensPerSecond { get; init; }

    public required double TokensPerSecond { get; init; }

    /// <summary>Reports a generation's end.</summary>
    public static GenerateReport Of(string model, bool isDemo, TimeSpan load, FinishReason finish, string? stoppedBy, GenerationUsage usage) => new()
    {
        Model = model,
        IsDemo = isDemo,
        FinishReason = finish == Generation.FinishReason.Length ? "length" : "stop",
        StoppedBy = stoppedBy,
        PromptTokens = usage.PromptTokens,
        PrefixTokens = usage.PrefixTokens,
        GeneratedTokens = usage.GeneratedTokens,
        LookupTokens = usage.LookupTokens,
        LoadSeconds = load.TotalSeconds,
        PromptSeconds = usage.PromptTime.TotalSeconds,
        GenerationSeconds = usage.GenerationTime.TotalSeconds,
        PromptTokensPerSecond = usage.PromptTokensPerSecond,
        TokensPerSecond = usage.TokensPerSecond,
    };
}
