namespace ManagedGemma.Checkpoints;

/// <summary>One piece of a <see cref="ScoredVocabulary"/>.</summary>
/// <param name="Offset">Where its text begins, in bytes from the start of the vocabulary's file.</param>
/// <param name="Length">Bytes of its text.</param>
/// <param name="Score">Of two pieces that could be merged the one with the higher score is.</param>
/// <param name="Kind">What it is for; any number that the file has.</param>
internal readonly record struct ScoredPiece(long Offset, int Length, float Score, PieceKind Kind);
