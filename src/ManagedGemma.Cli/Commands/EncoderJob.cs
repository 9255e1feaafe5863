using ManagedGemma.Caching;
using ManagedGemma.Checkpoints;
using ManagedGemma.Cli.Commands.Enhance;
using ManagedGemma.Cli.Hosting;
using ManagedGemma.Cli.Input;
using ManagedGemma.Cli.Output;
using ManagedGemma.Cli.Terminal;
using ManagedGemma.Conditioning;
using ManagedGemma.Model;

namespace ManagedGemma.Cli.Commands;

/// <summary>What commands that write what an encoder makes have in common.</summary>
internal abstract record EncoderJob
{
    public required Host Host { get; init; }

    public required Interrupt Interrupt { get; init; }

    public required Screen Screen { get; init; }

    public required ModelSource Source { get; init; }

    /// <summary>How the model is loaded.</summary>
    public required GemmaModelOptions Loading { get; init; }

    /// <summary>Enhances prompts first; null: they stay as they are.</summary>
    public EnhanceStep? Enhancement { get; init; }

    /// <summary>Results of earlier runs; null: none.</summary>
    public ResultCache? Cache { get; init; }

    /// <summary>The file to write; the directory for many prompts.</summary>
    public required string Output { get; init; }

    /// <summary>Whether standard output gets JSON.</summary>
    public required bool PrintsJson { get; init; }

    /// <summary>Loads the encoder; says so if it is the demo.</summary>
    public GemmaTextEncoder LoadEncoder() => EncoderLoad.Run(Screen, Source, Loading);

    /// <summary>The prompt, enhanced if that was asked for.</summary>
    public Prompt Enhance(GemmaTextEncoder encoder, Prompt prompt) => Enhancement is null ? prompt : Enhancement.Apply(encoder, prompt);

    /// <summary>Says what did not work about the cache, which fails nothing.</summary>
    public void WarnOfCache() => CacheNotice.Show(Screen, Cache);

    /// <summary>What a summary says of the cache.</summary>
    public IEnumerable<(string Name, string Value)> CacheFacts() =>
        Cache is null ? [] : [("cache", $"{Cache.Location}, {Amount.Count(Cache.Hits)} entries found")];

    /// <summary>Refuses to write onto what is read.</summary>
    /// <exception cref="GemmaException">The output is one of the model's files.</exception>
    public virtual void RefuseOwnFiles(GemmaTextEncoder encoder, string output)
    {
        GemmaCheckpoint checkpoint = encoder.Model.Checkpoint;
        if (!checkpoint.IsDemo && checkpoint.Files.Any(file => IsSameFile(file, output)))
        {
            throw new GemmaException("the output is one of the model's own files", output);
        }
    }

    /// <summary>Whether two paths name one file, as far as names tell.</summary>
    protected static bool IsSameFile(string a, string b) => OutputName.Comparer.Equals(Path.GetFullPath(a), Path.GetFullPath(b));
}
