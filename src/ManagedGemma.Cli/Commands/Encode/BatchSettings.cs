using ManagedGemma.Cli.Input;

namespace ManagedGemma.Cli.Commands.Encode;

/// <summary>What was asked for with <c>--batch</c>.</summary>
/// <param name="File">The prompts; <c>-</c> is standard input.</param>
/// <param name="Format">How they are written down.</param>
/// <param name="Tokens">Tokens of a pass at most, unless one prompt has more.</param>
/// <param name="Overwrites">Whether outputs that are there already are made anew.</param>
internal sealed record BatchSettings(string File, BatchFormat Format, int Tokens, bool Overwrites);
