namespace ManagedGemma.Generation;

/// <summary>How much of a prompt the model has read.</summary>
/// <param name="Done">Tokens that are done, those of a prefix included.</param>
/// <param name="Total">Tokens of the prompt.</param>
public readonly record struct PromptProgress(int Done, int Total);
