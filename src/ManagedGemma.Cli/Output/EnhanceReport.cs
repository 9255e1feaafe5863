namespace ManagedGemma.Cli.Output;

/// <summary>What <c>enhance --json</c> prints.</summary>
/// <param name="Prompt">The prompt as it was given.</param>
/// <param name="Enhanced">The new prompt.</param>
/// <param name="Answer">What the model said, before it was cleaned.</param>
/// <param name="Seed">Which of the possible texts it is.</param>
/// <param name="IsCached">Whether it comes from the cache, and took nothing.</param>
/// <param name="Generation">What it took.</param>
/// <param name="Warnings">What the person should know.</param>
internal sealed record EnhanceReport(
    string Prompt, string Enhanced, string Answer, long Seed, bool IsCached, GenerateReport Generation, IReadOnlyList<string> Warnings);
