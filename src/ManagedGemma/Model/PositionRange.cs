namespace ManagedGemma.Model;

/// <summary>Neighbouring positions of one sequence.</summary>
/// <param name="Sequence">The sequence's index in the pass.</param>
/// <param name="First">The first position.</param>
/// <param name="Count">How many.</param>
internal readonly record struct PositionRange(int Sequence, int First, int Count);
