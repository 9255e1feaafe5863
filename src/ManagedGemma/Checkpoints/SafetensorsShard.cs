namespace ManagedGemma.Checkpoints;

/// <summary>One file of several.</summary>
/// <param name="Name">Its bare name.</param>
/// <param name="Tensors">What it holds, in order; at least one.</param>
/// <param name="FileLength">Bytes, header included.</param>
internal sealed record SafetensorsShard(string Name, IReadOnlyList<SafetensorsSpec> Tensors, long FileLength);
