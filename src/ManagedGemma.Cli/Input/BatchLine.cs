namespace ManagedGemma.Cli.Input;

/// <summary>A line of a batch: a prompt, or what is wrong with the line.</summary>
/// <param name="Number">From 1, blank lines counted.</param>
/// <param name="Name">What its output is called, without extension; fit for a file name and no other line's.</param>
/// <param name="Prompt">The prompt; null when there is a problem.</param>
/// <param name="Problem">What is wrong; null when there is a prompt.</param>
internal sealed record BatchLine(long Number, string Name, Prompt? Prompt, GemmaException? Problem);
