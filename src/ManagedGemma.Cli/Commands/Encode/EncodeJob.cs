using ManagedGemma.Cli.Input;
using ManagedGemma.Cli.Output;
using ManagedGemma.Conditioning;
using ManagedGemma.Model;

namespace ManagedGemma.Cli.Commands.Encode;

/// <summary>An encode as the command line asks for it, and what one prompt and many have in common.</summary>
internal sealed record EncodeJob : EncoderJob
{
    public required EncodeSettings Settings { get; init; }

    /// <summary>The prompt's tokens: its own ids as they are, or its text's.</summary>
    public PromptTokens Tokenize(GemmaTextEncoder encoder, Prompt prompt) => prompt.Ids is { } ids
        ? new PromptTokens([.. ids.Take(Settings.Options.MaxLength)], ids.Length)
        : encoder.Tokenize(prompt.Text!, Settings.Options);

    /// <summary>Begins a prompt's file.</summary>
    public FeatureFile CreateFile(string path, GemmaModel model, PromptTokens tokens) =>
        FeatureFile.Create(path, Settings.Shape(model.Config, tokens), Settings.Metadata(Source.Name, model.Config, tokens));

    /// <summary>What to say when tokens were cut off; null when none were.</summary>
    public string? TruncationWarning(PromptTokens tokens) => tokens.Truncated == 0
        ? null
        : $"the prompt has {tokens.TotalCount} tokens, {tokens.Truncated} more than --max-length {Settings.Options.MaxLength}: the end was cut off";

    /// <summary>What to say of the values in a file.</summary>
    public IEnumerable<string> ValueWarnings(FeatureFile file)
    {
        if (file.NonFiniteRows > 0)
        {
            yield return $"{file.NonFiniteRows} rows of the output have values that are not finite numbers";
        }

        if (file.OverflowedRows > 0)
        {
            yield return $"{file.OverflowedRows} rows of the output have values beyond {Settings.ElementType}'s range, written as infinity; "
                + "--dtype bf16 or f32 holds them";
        }
    }
}
