namespace ManagedGemma.Cli.Input;

/// <summary>A prompt as it came: either text or ids.</summary>
/// <param name="Text">The text as it is; null when ids were given.</param>
/// <param name="Ids">Token ids; null when text was given.</param>
internal sealed record Prompt(string? Text, int[]? Ids);
