namespace ManagedGemma.Comparison;

/// <summary>Where an element is in a state.</summary>
/// <param name="Row">The row, from 0: the token, padding counted.</param>
/// <param name="Channel">The channel, from 0.</param>
public readonly record struct ElementPlace(long Row, long Channel);
