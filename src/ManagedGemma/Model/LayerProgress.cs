namespace ManagedGemma.Model;

/// <summary>How far a forward pass is.</summary>
/// <param name="Done">Blocks done.</param>
/// <param name="Total">Blocks in all.</param>
public readonly record struct LayerProgress(int Done, int Total);
