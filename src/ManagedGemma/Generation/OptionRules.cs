namespace ManagedGemma.Generation;

/// <summary>What options may be.</summary>
internal static class OptionRules
{
    private const int MostAlternatives = 100;

    /// <exception cref="GemmaException">An option is out of range.</exception>
    public static void Check(GeneratorOptions options)
    {
        Require(options.MaxSequences is >= 1 and <= 1024, "max sequences", "1 to 1024", options.MaxSequences);
        Require(options.PromptTokens >= 1, "prompt tokens", "at least 1", options.PromptTokens);
    }

    /// <exception cref="GemmaException">An option is out of range.</exception>
    public static void Check(GenerationOptions options, int vocabulary)
    {
        Require(options.MaxTokens >= 1, "max tokens", "at least 1", options.MaxTokens);
        Require(options.Temperature >= 0 && double.IsFinite(options.Temperature), "temperature", "at least 0, finite", options.Temperature);
        Require(options.TopK is null or >= 1, "top-k", "at least 1", options.TopK);
        Require(options.TopP is > 0 and <= 1, "top-p", "above 0, at most 1", options.TopP);
        Require(options.MinP is >= 0 and <= 1, "min-p", "0 to 1", options.MinP);
        Require(options.RepetitionPenalty > 0 && double.IsFinite(options.RepetitionPenalty), "repetition penalty", "positive, finite", options.RepetitionPenalty);
        Require(options.LogProbabilities is null or (>= 0 and <= MostAlternatives), "log-probabilities", $"0 to {MostAlternatives}", options.LogProbabilities);
        foreach ((int id, double bias) in options.LogitBias ?? new Dictionary<int, double>())
        {
            Require((uint)id < (uint)vocabulary, "logit bias", $"an id below {vocabulary}", id);
            Require(!double.IsNaN(bias) && !double.IsPositiveInfinity(bias), "logit bias", "a number or negative infinity", bias);
        }

        ArgumentNullException.ThrowIfNull(options.StopStrings);
        foreach (string text in options.StopStrings)
        {
            Require(!string.IsNullOrEmpty(text), "stop string", "at least one character", "none");
        }

        Require(Enum.IsDefined(options.PromptLookup), "prompt lookup", "auto, on or off", options.PromptLookup);
        Require(Enum.IsDefined(options.Precision), "precision", "precise, fast or float32", options.Precision);
    }

    private static void Require(bool holds, string subject, string expected, object? found)
    {
        if (!holds)
        {
            throw new GemmaException("out of range", subject: subject, expected: expected, found: FormattableString.Invariant($"{found}"));
        }
    }
}
