using ManagedGemma.Checkpoints;
using ManagedGemma.Checkpoints.Synthetic;
using ManagedGemma.Conditioning;
using ManagedGemma.Model;
using ManagedGemma.Tokenization;

namespace ManagedGemma.Cli.Input;

/// <summary>Which model is used and why.</summary>
/// <param name="Origin">Who named it.</param>
/// <param name="Path">A directory, or one weight file; null for the demo.</param>
internal sealed record ModelSource(ModelOrigin Origin, string? Path)
{
    /// <summary>For people and JSON: where the model came from.</summary>
    public string OriginText => Origin switch
    {
        ModelOrigin.Option => "--model",
        ModelOrigin.Environment => GemmaTextEncoder.ModelVariable,
        ModelOrigin.HubCache => "Hugging Face cache",
        _ => "built in",
    };

    /// <summary>What files that go to others call it: see <see cref="ModelPath.NameOf"/>; <c>demo</c>.</summary>
    public string Name => Path is null ? "demo" : ModelPath.NameOf(Path);

    /// <summary>Finds the model: the option, the environment, the cache, else the demo.</summary>
    /// <exception cref="GemmaException">The option or the environment names a model of the hub that the cache does not hold.</exception>
    public static ModelSource Find(string? option)
    {
        if (option is not null)
        {
            return option.Length > 0
                ? new ModelSource(ModelOrigin.Option, ModelPath.Resolve(option))
                : throw new UsageException("--model takes a directory, a file or owner/name, not an empty text");
        }

        return Environment.GetEnvironmentVariable(GemmaTextEncoder.ModelVariable) is { Length: > 0 } model
            ? new ModelSource(ModelOrigin.Environment, ModelPath.Resolve(model))
            : GemmaTextEncoder.FindDefault() is { } path ? new ModelSource(ModelOrigin.HubCache, path) : new ModelSource(ModelOrigin.Demo, null);
    }

    /// <summary>Loads the encoder.</summary>
    /// <exception cref="GemmaException">The model is not there or not usable.</exception>
    public GemmaTextEncoder Load(GemmaModelOptions options) =>
        Path is null ? GemmaTextEncoder.LoadDemo(options) : GemmaTextEncoder.Load(Path, options);

    /// <summary>Opens the checkpoint alone.</summary>
    /// <exception cref="GemmaException">It is not there or damaged.</exception>
    public GemmaCheckpoint Open() => Path is null ? DemoCheckpoint.Open() : GemmaCheckpoint.Open(Path);

    /// <summary>Loads the tokenizer alone: the weights may be missing.</summary>
    /// <exception cref="GemmaException">There is none, or it is damaged.</exception>
    public PromptTokenizer LoadTokenizer() => Path is null ? new ByteTokenizer() : GemmaTokenizer.LoadFor(Path);
}
