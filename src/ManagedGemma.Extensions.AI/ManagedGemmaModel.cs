using ManagedGemma.Checkpoints;
using ManagedGemma.Conditioning;
using ManagedGemma.Generation;
using ManagedGemma.Model;
using Microsoft.Extensions.Options;

namespace ManagedGemma.Extensions.AI;

/// <summary>The one model that all callers share: chats, embeddings, and whoever asks for LTX's conditioning. Loaded when it is first resolved.</summary>
public sealed class ManagedGemmaModel : IDisposable
{
    /// <summary>Loads the model.</summary>
    /// <param name="options">Validated.</param>
    /// <exception cref="GemmaException">The model is not there or not usable.</exception>
    public ManagedGemmaModel(IOptions<ManagedGemmaOptions> options)
    {
        ArgumentNullException.ThrowIfNull(options);
        Options = options.Value;
        string? path = Options.ModelFactory is null ? ManagedGemmaOptionsValidator.FindModel(Options) : null;
        Encoder = path is null
            ? Options.ModelFactory!()
            : GemmaTextEncoder.Load(path, new GemmaModelOptions { Threads = Options.Threads });
        ModelId = Options.ModelId
            ?? (path is not null ? ModelPath.NameOf(path) : Encoder.Model.Checkpoint.IsDemo ? "demo" : ModelPath.NameOf(Encoder.Model.Checkpoint.Location));
        Generator = GemmaTextGenerator.Over(Encoder, new GeneratorOptions { MaxSequences = Options.MaxSequences, LeaveModelOpen = true });
    }

    /// <summary>The options that it was loaded with.</summary>
    public ManagedGemmaOptions Options { get; }

    /// <summary>What responses call it.</summary>
    public string ModelId { get; }

    /// <summary>Prompts to LTX's conditioning, on the same weights.</summary>
    public GemmaTextEncoder Encoder { get; }

    /// <summary>Prompts to text.</summary>
    public GemmaTextGenerator Generator { get; }

    /// <summary>Ends what is under way and unmaps the weights.</summary>
    public void Dispose()
    {
        Generator.Dispose();
        Encoder.Dispose();
    }
}
