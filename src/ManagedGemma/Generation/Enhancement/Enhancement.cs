using ManagedGemma.Generation;

namespace ManagedGemma.Generation.Enhancement;

/// <summary>A prompt's enhancement.</summary>
/// <param name="Text">The new prompt.</param>
/// <param name="Answer">What the model said, before it was cleaned.</param>
/// <param name="FinishReason">Why it ended; by length: it was cut off.</param>
/// <param name="Usage">What it took.</param>
public sealed record Enhancement(string Text, string Answer, FinishReason FinishReason, GenerationUsage Usage);
