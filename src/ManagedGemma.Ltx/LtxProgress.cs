namespace ManagedGemma.Ltx;

/// <summary>How far a conditioning is.</summary>
/// <param name="Stage">The part under way.</param>
/// <param name="Done">Its layers or blocks done.</param>
/// <param name="Total">Its layers or blocks in all.</param>
public readonly record struct LtxProgress(LtxStage Stage, int Done, int Total);
