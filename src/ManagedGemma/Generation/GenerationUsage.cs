namespace ManagedGemma.Generation;

/// <summary>What a generation took.</summary>
/// <param name="PromptTokens">Tokens of the prompt.</param>
/// <param name="PrefixTokens">Those of them that a prefix had already.</param>
/// <param name="GeneratedTokens">Tokens that were generated, the one that stopped included.</param>
/// <param name="LookupTokens">Those of them that prompt lookup guessed.</param>
/// <param name="Passes">Passes over the weights after the one that ended the prompt.</param>
/// <param name="PromptTime">From the first work on the prompt to the first token.</param>
/// <param name="GenerationTime">From the first token to the last.</param>
/// <param name="WaitingTime">Until work began: other sequences were before it.</param>
public sealed record GenerationUsage(
    int PromptTokens,
    int PrefixTokens,
    int GeneratedTokens,
    int LookupTokens,
    int Passes,
    TimeSpan PromptTime,
    TimeSpan GenerationTime,
    TimeSpan WaitingTime)
{
    /// <summary>Tokens of the prompt a second, those of a prefix apart; 0 when no time passed.</summary>
    public double PromptTokensPerSecond => Rate(PromptTokens - PrefixTokens, PromptTime);

    /// <summary>Tokens a second after the first; 0 for a single token.</summary>
    public double TokensPerSecond => Rate(GeneratedTokens - 1, GenerationTime);

    private static double Rate(int tokens, TimeSpan time) => time > TimeSpan.Zero && tokens > 0 ? tokens / time.TotalSeconds : 0;
}
