using ManagedGemma.Checkpoints;
using ManagedGemma.Cli.Commands.Enhance;
using ManagedGemma.Cli.Hosting;
using ManagedGemma.Cli.Input;
using ManagedGemma.Cli.Output;
using ManagedGemma.Cli.Terminal;
using ManagedGemma.Conditioning;
using ManagedGemma.Model;

namespace ManagedGemma.Cli.Commands.Encode;

/// <summary>An encode as the command line asks for it, and what one prompt and many have in common.</summary>
internal sealed record EncodeJob
{
    public required Host Host { get; init; }

    public required Interrupt Interrupt { get; init; }

    public required Screen Screen { get; init; }

    public required ModelSource Source { get; init; }

    public required EncodeSettings Settings { get; init; }

    /// <summary>Threads that compute; null: all.</summary>
    public required int? Threads { get; init; }

    /// <summary>Whether a layer's pages are given back once it has run.</summary>
    public required bool ReleasesPages { get; init; }

    /// <summary>Enhances prompts first; null: they stay as they are.</summary>
    public EnhanceStep? Enhancement { get; init; }

    /// <summary>The file to write; the directory for many prompts.</summary>
    public required string Output { get; init; }

    /// <summary>Whether standard output gets JSON.</summary>
    public required bool PrintsJson { get; init; }

    /// <summary>Loads the model; says so if it is the demo.</summary>
    public GemmaTextEncoder Load() =>
        EncoderLoad.Run(Screen, Source, new GemmaModelOptions { Threads = Threads, ReleasePages = ReleasesPages });

    /// <summary>The prompt, enhanced if that was asked for.</summary>
    public Prompt Enhance(GemmaTextEncoder encoder, Prompt prompt) => Enhancement is null ? prompt : Enhancement.Apply(encoder, prompt);

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

    /// <summary>Refuses to write onto the model.</summary>
    /// <exception cref="GemmaException">The output is one of the model's files.</exception>
    public static void RefuseOwnFiles(GemmaCheckpoint checkpoint, string output)
    {
        string target = Path.GetFullPath(output);
        if (!checkpoint.IsDemo && checkpoint.Files.Any(x => OutputName.Comparer.Equals(Path.GetFullPath(x), target)))
        {
            throw new GemmaException("the output is one of the model's own files", output);
        }
    }
}
