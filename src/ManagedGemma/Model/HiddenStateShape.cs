namespace ManagedGemma.Model;

/// <summary>What a sink is going to get.</summary>
/// <param name="States">Hidden states with an index: layers + 1.</param>
/// <param name="Tokens">Rows of each.</param>
/// <param name="HiddenSize">Elements of a row.</param>
public readonly record struct HiddenStateShape(int States, int Tokens, int HiddenSize);
