namespace ManagedGemma.Conditioning;

/// <summary>A prompt as tokens.</summary>
/// <param name="Ids">BOS first, no padding; at most the maximal length.</param>
/// <param name="TotalCount">How many there were before truncation.</param>
public sealed record PromptTokens(IReadOnlyList<int> Ids, int TotalCount)
{
    /// <summary>Tokens that were cut off at the end.</summary>
    public int Truncated => TotalCount - Ids.Count;
}
