namespace ManagedGemma.Model;

/// <summary>What a sequence brings to a pass.</summary>
/// <param name="Cache">The sequence.</param>
/// <param name="Tokens">Its next tokens, at least one.</param>
/// <param name="ByRow">
/// Whether they meet unpacked matrices one by one, as generated tokens always do, however many are tried at once; a prompt's go in tiles,
/// however few are left of it. So a token's bits depend on what it is, not on how a text was cut into passes. In float32 and with 4-bit
/// matrices both have the same.
/// </param>
/// <param name="LogitRows">How many of the last tokens' logits are wanted.</param>
internal readonly record struct SequenceInput(SequenceCache Cache, IReadOnlyList<int> Tokens, bool ByRow, int LogitRows);
