using ManagedGemma.Cli.Input;
using ManagedGemma.Cli.Output;

namespace ManagedGemma.Cli.Terminal;

/// <summary>What people are told about a generation.</summary>
internal static class GenerationSummary
{
    /// <summary>The table.</summary>
    /// <param name="report">What it took.</param>
    /// <param name="source">The model.</param>
    /// <param name="threads">Threads that it ran on.</param>
    /// <param name="isCached">Whether it took nothing, since it was there.</param>
    public static Section Of(GenerateReport report, ModelSource source, int threads, bool isCached = false)
    {
        if (isCached)
        {
            return Section.Of(
                string.Empty,
                ("model", $"{report.Model} ({source.OriginText})"),
                ("load", Amount.Seconds(report.LoadSeconds)),
                ("text", $"{Amount.Count(report.GeneratedTokens)} tokens, from the cache"));
        }

        string known = report.PrefixTokens > 0 ? $", {Amount.Count(report.PrefixTokens)} of them known" : string.Empty;
        string guessed = report.LookupTokens > 0 ? $", {Amount.Count(report.LookupTokens)} of them looked up" : string.Empty;
        string end = report.FinishReason == "length" ? "; cut off by --max-tokens or the context" : string.Empty;
        return Section.Of(
            string.Empty,
            ("model", $"{report.Model} ({source.OriginText})"),
            ("load", Amount.Seconds(report.LoadSeconds)),
            ("prompt", $"{Amount.Count(report.PromptTokens)} tokens{known}, {Amount.Seconds(report.PromptSeconds)}, {Amount.Rate(report.PromptTokensPerSecond)} tokens/s"),
            ("text", $"{Amount.Count(report.GeneratedTokens)} tokens{guessed}, {Amount.Rate(report.TokensPerSecond)} tokens/s on {threads} threads{end}"));
    }
}
