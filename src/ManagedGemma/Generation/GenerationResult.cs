using System.Text;

namespace ManagedGemma.Generation;

/// <summary>A whole generation.</summary>
/// <param name="Text">The text.</param>
/// <param name="TokenIds">Its tokens, without one that stopped it.</param>
/// <param name="LogProbabilities">One a token where they were asked for (and one for a token that stopped it), else empty.</param>
/// <param name="FinishReason">Why it ended.</param>
/// <param name="StoppedBy">The stop id or stop string that ended it; null if none did.</param>
/// <param name="Usage">What it took.</param>
/// <param name="Prefix">Where it was asked for: prompt and text as a prefix, which the caller disposes.</param>
public sealed record GenerationResult(
    string Text,
    IReadOnlyList<int> TokenIds,
    IReadOnlyList<TokenLogProbability> LogProbabilities,
    FinishReason FinishReason,
    string? StoppedBy,
    GenerationUsage Usage,
    PromptPrefix? Prefix)
{
    internal static GenerationResult Of(IEnumerable<GenerationUpdate> updates)
    {
        StringBuilder text = new();
        List<int> ids = [];
        List<TokenLogProbability> logProbabilities = [];
        GenerationUpdate? last = null;
        foreach (GenerationUpdate update in updates)
        {
            text.Append(update.Text);
            ids.AddRange(update.TokenIds);
            logProbabilities.AddRange(update.LogProbabilities);
            last = update;
        }

        return new GenerationResult(text.ToString(), ids, logProbabilities, last!.FinishReason!.Value, last.StoppedBy, last.Usage!, last.Prefix);
    }
}
