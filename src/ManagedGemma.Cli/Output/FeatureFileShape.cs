using ManagedGemma.Checkpoints;

namespace ManagedGemma.Cli.Output;

/// <summary>Sizes of a <see cref="FeatureFile"/>.</summary>
/// <param name="Length">T: rows, padding included.</param>
/// <param name="LayerCount">Layers; there is one state more.</param>
/// <param name="HiddenSize">D.</param>
/// <param name="ElementType">F32, BF16 or F16.</param>
/// <param name="HasHiddenStates">Whether the states are wanted beside the features.</param>
internal sealed record FeatureFileShape(int Length, int LayerCount, int HiddenSize, ElementType ElementType, bool HasHiddenStates);
