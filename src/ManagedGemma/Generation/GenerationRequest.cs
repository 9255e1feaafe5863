namespace ManagedGemma.Generation;

/// <summary>What a caller asks for, checked.</summary>
/// <param name="Prompt">The prompt.</param>
/// <param name="Options">How.</param>
/// <param name="Prefix">What is computed already; null: nothing.</param>
/// <param name="StopIds">The tokens that stop.</param>
/// <param name="ContextLength">Tokens of prompt and text together, at most.</param>
internal sealed record GenerationRequest(int[] Prompt, GenerationOptions Options, PromptPrefix? Prefix, HashSet<int> StopIds, int ContextLength);
