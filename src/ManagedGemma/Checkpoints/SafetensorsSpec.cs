namespace ManagedGemma.Checkpoints;

/// <summary>A tensor that is to be written.</summary>
/// <param name="Name">The name, unique in its file.</param>
/// <param name="ElementType">The type of one element.</param>
/// <param name="Shape">The dimensions, slowest first; empty for a scalar.</param>
public sealed record SafetensorsSpec(string Name, ElementType ElementType, params IReadOnlyList<long> Shape);
