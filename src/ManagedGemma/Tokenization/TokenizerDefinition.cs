namespace ManagedGemma.Tokenization;

/// <summary>What a <c>tokenizer.json</c> says, checked.</summary>
/// <param name="Pieces">The vocabulary, added tokens outside it included.</param>
/// <param name="Merges">The merges.</param>
/// <param name="ByteIds">The id of the piece of each of the 256 bytes.</param>
/// <param name="AddedTokens">The added tokens; none is a byte piece.</param>
/// <param name="BosId">The token that the post-processor puts first.</param>
/// <param name="EosId">The end of a sequence.</param>
/// <param name="PadId">Padding.</param>
internal sealed record TokenizerDefinition(
    PieceTable Pieces,
    MergeTable Merges,
    int[] ByteIds,
    IReadOnlyList<TokenizerDefinition.AddedToken> AddedTokens,
    int BosId,
    int EosId,
    int PadId)
{
    /// <summary>An added token.</summary>
    /// <param name="Content">Well-formed text, not empty.</param>
    /// <param name="Id">Its id.</param>
    /// <param name="IsSpecial">Whether decoding leaves it out by default.</param>
    internal readonly record struct AddedToken(string Content, int Id, bool IsSpecial);
}
