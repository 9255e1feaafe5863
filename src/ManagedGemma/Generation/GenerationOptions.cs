using ManagedGemma.Model;

namespace ManagedGemma.Generation;

/// <summary>
/// How tokens are chosen and when to end. In this order: repetition penalty, logit bias, temperature, top-k, top-p, min-p, then a
/// draw. The draw of a place depends on the seed and the place alone, so the same seed gives the same text on any number of
/// threads, beside any other sequences, with and without prompt lookup.
/// </summary>
public sealed record GenerationOptions
{
    /// <summary>Tokens at most, the one that stops included; at least 1. The model's context ends a generation too.</summary>
    public int MaxTokens { get; init; } = 1024;

    /// <summary>Logits are divided by it: 0 takes the likeliest token (the lowest id of several), 1 draws as the model has it; finite.</summary>
    public double Temperature { get; init; }

    /// <summary>Only so many of the likeliest tokens stay; null: all. Of equally likely ones those with lower ids stay.</summary>
    public int? TopK { get; init; }

    /// <summary>Of what top-k leaves, the fewest likeliest tokens whose probabilities reach this sum stay; above 0, at most 1, which is all.</summary>
    public double TopP { get; init; } = 1;

    /// <summary>Tokens less likely than this part of the likeliest one's probability go; 0 to 1, 0 keeps all.</summary>
    public double MinP { get; init; }

    /// <summary>
    /// The logits of tokens that were in the prompt or the text so far are divided by it where they are positive, and multiplied where they are
    /// negative (Keskar et al. 2019); positive, 1 changes nothing.
    /// </summary>
    public double RepetitionPenalty { get; init; } = 1;

    /// <summary>Added to the logits of some tokens; negative infinity forbids one, null changes nothing.</summary>
    public IReadOnlyDictionary<int, double>? LogitBias { get; init; }

    /// <summary>Which of the possible texts.</summary>
    public long Seed { get; init; }

    /// <summary>Tokens that end the text, without being part of it; null: those of the checkpoint (its config's eos_token_id).</summary>
    public IReadOnlyCollection<int>? StopIds { get; init; }

    /// <summary>Texts that end the text, without being part of it; compared by UTF-16 unit, wherever tokens begin and end.</summary>
    public IReadOnlyList<string> StopStrings { get; init; } = [];

    /// <summary>Null: no log-probabilities; else each token's own, and that many alternatives; 0 to 100.</summary>
    public int? LogProbabilities { get; init; }

    /// <summary>Whether several tokens are tried at a time.</summary>
    public PromptLookup PromptLookup { get; init; } = PromptLookup.Auto;

    /// <summary>The precision of matrix products.</summary>
    public Precision Precision { get; init; } = Precision.Precise;

    /// <summary>Whether the last update brings what was computed of prompt and text, as the prefix of a longer prompt: a chat's next turn.</summary>
    public bool KeepPrefix { get; init; }

    /// <summary>Told, on another thread, while the prompt is read; null: nobody.</summary>
    public IProgress<PromptProgress>? Progress { get; init; }
}
