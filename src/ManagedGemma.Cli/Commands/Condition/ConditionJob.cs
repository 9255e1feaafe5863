using ManagedGemma.Cli.Commands.Encode;
using ManagedGemma.Cli.Commands.Enhance;
using ManagedGemma.Cli.Hosting;
using ManagedGemma.Cli.Input;
using ManagedGemma.Cli.Terminal;
using ManagedGemma.Conditioning;
using ManagedGemma.Ltx;
using ManagedGemma.Ltx.Caching;
using ManagedGemma.Model;

namespace ManagedGemma.Cli.Commands.Condition;

/// <summary>A conditioning as the command line asks for it.</summary>
internal sealed record ConditionJob
{
    public required Host Host { get; init; }

    public required Interrupt Interrupt { get; init; }

    public required Screen Screen { get; init; }

    public required ModelSource Source { get; init; }

    public required ConditionSettings Settings { get; init; }

    /// <summary>Threads that compute; null: all.</summary>
    public required int? Threads { get; init; }

    /// <summary>Whether a layer's pages are given back once it has run.</summary>
    public required bool ReleasesPages { get; init; }

    /// <summary>Results of earlier runs; null: none.</summary>
    public required ResultCache? Cache { get; init; }

    /// <summary>Enhances prompts first; null: they stay as they are.</summary>
    public EnhanceStep? Enhancement { get; init; }

    /// <summary>The file to write; the directory for many captions.</summary>
    public required string Output { get; init; }

    /// <summary>Whether standard output gets JSON.</summary>
    public required bool PrintsJson { get; init; }

    /// <summary>Loads the encoder; says so if it is the demo.</summary>
    public GemmaTextEncoder LoadEncoder() =>
        EncoderLoad.Run(Screen, Source, new GemmaModelOptions { Threads = Threads, ReleasePages = ReleasesPages });

    /// <summary>The prompt, enhanced if that was asked for.</summary>
    public Prompt Enhance(GemmaTextEncoder encoder, Prompt prompt) => Enhancement is null ? prompt : Enhancement.Apply(encoder, prompt);

    /// <summary>Opens the LTX checkpoint for the encoder; null where none was named.</summary>
    /// <exception cref="GemmaException">It is damaged, wants another encoder, or is not one for the format.</exception>
    public LtxTextConditioner? LoadConditioner(GemmaTextEncoder encoder)
    {
        if (Settings.LtxPath is not { } path)
        {
            return null;
        }

        LtxTextConditioner conditioner = LtxTextConditioner.Load(encoder, path);
        try
        {
            Settings.Format.Require(conditioner.Checkpoint);
            return conditioner;
        }
        catch
        {
            conditioner.Dispose();
            throw;
        }
    }

    /// <summary>Says what did not work about the cache, which fails nothing.</summary>
    public void WarnOfCache()
    {
        if (Cache?.Damaged > 0)
        {
            Screen.Warn($"{Cache.Damaged} damaged entries of the cache were made again");
        }

        if (Cache?.Problem is { } problem)
        {
            Screen.Warn(problem);
        }
    }

    /// <summary>Refuses to write onto the encoder's files or the LTX checkpoint.</summary>
    /// <exception cref="GemmaException">The output is one of them.</exception>
    public void RefuseOwnFiles(GemmaTextEncoder encoder, string output)
    {
        EncodeJob.RefuseOwnFiles(encoder.Model.Checkpoint, output);
        if (Settings.LtxPath is { } ltx && Path.GetFullPath(ltx) == Path.GetFullPath(output))
        {
            throw new GemmaException("the output is the LTX checkpoint", output);
        }
    }
}
