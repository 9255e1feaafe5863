namespace ManagedGemma.Cli.Output;

/// <summary>What <c>tokenize --json</c> prints.</summary>
internal sealed record TokenizeReport
{
    /// <summary>The model, or the tokenizer's file name.</summary>
    public required string Tokenizer { get; init; }

    public required bool IsDemo { get; init; }

    public required int Count { get; init; }

    public required IReadOnlyList<int> Ids { get; init; }

    /// <summary>As the vocabulary spells them; null where an id has no piece.</summary>
    public required IReadOnlyList<string?> Pieces { get; init; }
}
