using ManagedGemma.Generation;

namespace ManagedGemma.Cli.Output;

/// <summary>What <c>generate --json</c> prints as text comes, a line each.</summary>
/// <param name="Text">Whole characters.</param>
/// <param name="Ids">Tokens of this step; their text may come in a later line.</param>
/// <param name="LogProbabilities">One a token where they were asked for; else null.</param>
internal sealed record GenerateLine(string Text, IReadOnlyList<int> Ids, IReadOnlyList<GenerateLogProbability>? LogProbabilities)
{
    /// <summary>A step's line; null when it brought nothing to tell.</summary>
    public static GenerateLine? Of(GenerationUpdate update)
    {
        IReadOnlyList<GenerateLogProbability>? chances = update.LogProbabilities.Count > 0 ? [.. update.LogProbabilities.Select(GenerateLogProbability.Of)] : null;
        return update.Text.Length == 0 && update.TokenIds.Count == 0 && chances is null ? null : new GenerateLine(update.Text, update.TokenIds, chances);
    }
}

/// <summary>A token's log-probability, and those of the likeliest of its place.</summary>
internal sealed record GenerateLogProbability(int Id, double LogProbability, IReadOnlyList<GenerateLogProbability> Alternatives)
{
    public static GenerateLogProbability Of(TokenLogProbability token) => new(token.Id, token.LogProbability, [.. token.Alternatives.Select(Of)]);
}
