using ManagedGemma.Conditioning;

namespace ManagedGemma.Ltx.Formats;

/// <summary>A prompt that is to be conditioned.</summary>
/// <param name="Tokens">Its tokens; more than the length are cut.</param>
/// <param name="Text">The prompt as it came, for formats that keep it; null where it was given in ids.</param>
public sealed record ConditioningPrompt(PromptTokens Tokens, string? Text);
