namespace ManagedGemma.Comparison;

/// <summary>A row or a channel in which a state differs much.</summary>
/// <param name="Index">Which, from 0.</param>
/// <param name="Share">Its part of the state's squared error, 0 to 1.</param>
/// <param name="RelativeL2">|A − B| / |B| over it; infinity where B is zero and A is not.</param>
public readonly record struct WorstPart(long Index, double Share, double RelativeL2);
