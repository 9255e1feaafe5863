namespace ManagedGemma.Generation;

/// <summary>What one step of a generation brought; the last one says why it ended.</summary>
public sealed record GenerationUpdate
{
    /// <summary>
    /// The text that is certain now: whole characters, never part of a stop string, often empty. All updates' texts together are the
    /// generation's text.
    /// </summary>
    public string Text { get; init; } = "";

    /// <summary>The tokens of this step, without one that stops; their text may come in a later update.</summary>
    public IReadOnlyList<int> TokenIds { get; init; } = [];

    /// <summary>One a token where they were asked for, else empty; that of a token that stops comes with the last update.</summary>
    public IReadOnlyList<TokenLogProbability> LogProbabilities { get; init; } = [];

    /// <summary>Why the generation ended; null unless this is the last update.</summary>
    public FinishReason? FinishReason { get; init; }

    /// <summary>The stop id or stop string that ended it, as options spell it (ids as numbers); null if none did.</summary>
    public string? StoppedBy { get; init; }

    /// <summary>What it took; null unless this is the last update.</summary>
    public GenerationUsage? Usage { get; init; }

    /// <summary>Prompt and text as a prefix, where <see cref="GenerationOptions.KeepPrefix"/> asked for it; the caller disposes it.</summary>
    public PromptPrefix? Prefix { get; init; }
}
