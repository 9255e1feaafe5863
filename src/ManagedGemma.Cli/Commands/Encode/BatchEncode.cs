using System.Diagnostics;
using ManagedGemma.Checkpoints;
using ManagedGemma.Cli.Commands.Batch;
using ManagedGemma.Cli.Hosting;
using ManagedGemma.Cli.Input;
using ManagedGemma.Cli.Output;
using ManagedGemma.Cli.Terminal;
using ManagedGemma.Conditioning;

namespace ManagedGemma.Cli.Commands.Encode;

/// <summary><c>encode --batch</c>: features of many prompts.</summary>
internal sealed class BatchEncode(EncodeJob job, BatchSettings batch)
    : BatchRun<GemmaTextEncoder>(job.Host, job.Interrupt, job.Screen, batch.File, job.Output, job.PrintsJson)
{
    // With hidden states each prompt of a pass has a file that is open from the pass's beginning.
    private const int MostOpenFiles = 128;

    private readonly List<FeatureFile> _open = [];
    private readonly Stopwatch _encode = new();
    private TimeSpan _states;

    /// <summary>Whether prompts of so many tokens each can share a pass.</summary>
    internal static bool CanShare(IReadOnlyList<int> counts, int most, bool hasHiddenStates) =>
        counts.Sum(count => (long)count) <= most && (!hasHiddenStates || counts.Count <= MostOpenFiles);

    /// <inheritdoc/>
    protected override IEnumerable<BatchPrompt> Read() => BatchFile.Read(batch.File, batch.Format, job.Host, Cancellation)
        .Select(x => new BatchPrompt(x, OutputName.PathOf(job.Output, x.Name)));

    /// <inheritdoc/>
    protected override GemmaTextEncoder Load()
    {
        if (DumpSink.FromEnvironment(0) is not null)
        {
            job.Screen.Warn($"{DumpSink.HiddenVariable} and {DumpSink.StageVariable} are for single prompts: --batch writes no dumps");
        }

        AtomicFile.DeleteAbandoned(job.Output);
        GemmaTextEncoder encoder = job.LoadEncoder();
        try
        {
            if (Prompts.Any(x => x.Line.Prompt is { Text: not null }))
            {
                // A model without tokenizer is one problem and not one of every line.
                _ = encoder.Tokenizer;
            }

            return encoder;
        }
        catch
        {
            encoder.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    protected override IEnumerable<List<BatchPrompt>> PassesOf(GemmaTextEncoder model, IEnumerable<BatchPrompt> prompts) =>
        new BatchPasses(
            prompt => Try(prompt, () => Prepare(model, prompt)),
            counts => CanShare(counts, batch.Tokens, job.Settings.HasHiddenStates),
            Cancellation).Of(prompts);

    /// <inheritdoc/>
    protected override void RunPass(GemmaTextEncoder model, List<BatchPrompt> pass, BatchProgress progress)
    {
        if (job.Settings.HasHiddenStates)
        {
            // They are written while they are computed.
            pass.ForEach(x => Open(model, x));
        }

        _encode.Start();
        try
        {
            using IEnumerator<PromptFeatures> features = model
                .EncodeMany(
                    pass.Select(x => x.Tokens!),
                    job.Settings.Options with { BatchTokens = batch.Tokens },
                    index => _open.ElementAtOrDefault(index)?.HiddenStates,
                    progress,
                    Cancellation)
                .GetEnumerator();
            foreach (BatchPrompt prompt in pass)
            {
                // The first step is the pass.
                features.MoveNext();
                _encode.Stop();
                FeatureFile file = _open.Count > 0 ? _open[0] : Open(model, prompt);
                file.Complete(features.Current, Cancellation);
                prompt.Finish(file.ByteLength, features.Current.Length, features.Current.Width);
                foreach (string warning in job.ValueWarnings(file))
                {
                    Warn(prompt, warning);
                }

                Close(file);
            }
        }
        finally
        {
            _encode.Stop();
        }
    }

    /// <inheritdoc/>
    protected override void CloseFiles()
    {
        lock (_open)
        {
            _open.ForEach(x => x.Dispose());
            _open.Clear();
        }
    }

    /// <inheritdoc/>
    protected override IEnumerable<(string Name, string Value)> Summary(GemmaTextEncoder model, TimeSpan load)
    {
        BatchPrompt[] encoded = [.. Prompts.Where(x => x.Outcome == BatchOutcome.Encoded)];
        long tokens = encoded.Sum(x => (long)x.Tokens!.Ids.Count);
        double seconds = (_encode.Elapsed - _states).TotalSeconds;
        job.WarnOfCache();
        MemoryUse memory = MemoryUse.Now();
        return
        [
            ("model", $"{job.Source.Name} ({job.Source.OriginText})"),
            ("prompts", Counts()),
            ("tokens", Amount.Count(tokens)),
            ("load", Amount.Seconds(load.TotalSeconds)),
            ("encode", $"{Amount.Seconds(seconds)}, {Amount.Rate(seconds > 0 ? tokens / seconds : 0)} tokens/s on {model.Model.Threads} threads"),
            .. job.CacheFacts(),
            ("memory", Amount.Memory(memory.Peak, memory.Private)),
            ("output", $"{job.Output}, {Amount.Bytes(encoded.Sum(x => x.OutputBytes!.Value))} written"),
        ];
    }

    private void Prepare(GemmaTextEncoder encoder, BatchPrompt prompt)
    {
        job.RefuseOwnFiles(encoder, prompt.Path);
        PromptTokens tokens = job.Tokenize(encoder, job.Enhance(encoder, prompt.Line.Prompt!));
        prompt.Tokens = tokens;
        if (!batch.Overwrites && File.Exists(prompt.Path))
        {
            SkipIfSame(encoder, prompt, tokens);
            return;
        }

        encoder.Model.Validate(tokens.Ids);
        if (job.TruncationWarning(tokens) is { } warning)
        {
            Warn(prompt, warning);
        }
    }

    // A file of the same name may come from another prompt (lines were added) or from other options: to skip it would be to pass that off.
    private void SkipIfSame(GemmaTextEncoder encoder, BatchPrompt prompt, PromptTokens tokens)
    {
        FeatureFileShape shape = job.Settings.Shape(encoder.Model.Config, tokens);
        if (!FeatureFile.IsOf(prompt.Path, shape, job.Settings.Metadata(job.Source.Name, encoder.Model.Config, tokens), tokens.Ids))
        {
            throw new GemmaException(
                "the output exists and is not this prompt's with these options",
                prompt.Path,
                expected: "no such file, or --overwrite");
        }

        prompt.Skip();
    }

    private FeatureFile Open(GemmaTextEncoder encoder, BatchPrompt prompt)
    {
        FeatureFile file = job.CreateFile(prompt.Path, encoder.Model, prompt.Tokens!);
        lock (_open)
        {
            _open.Add(file);
        }

        return file;
    }

    private void Close(FeatureFile file)
    {
        lock (_open)
        {
            _open.Remove(file);
        }

        _states += file.HiddenStates?.Elapsed ?? TimeSpan.Zero;
        file.Dispose();
    }
}
