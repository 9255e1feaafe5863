using System.Diagnostics;
using ManagedGemma.Checkpoints;
using ManagedGemma.Cli.Commands.Batch;
using ManagedGemma.Cli.Hosting;
using ManagedGemma.Cli.Input.Captions;
using ManagedGemma.Cli.Output;
using ManagedGemma.Cli.Terminal;
using ManagedGemma.Ltx;
using ManagedGemma.Ltx.Formats;

namespace ManagedGemma.Cli.Commands.Condition;

/// <summary><c>condition --captions</c>: what an LTX trainer or pipeline reads, of many captions.</summary>
internal sealed class CaptionBatch(ConditionJob job, CaptionSettings captions)
    : BatchRun<CaptionModel>(job.Host, job.Interrupt, job.Screen, captions.File, job.Output, job.PrintsJson)
{
    private readonly Stopwatch _compute = new();
    private volatile AtomicFile? _writing;

    /// <summary>The captions of the shard.</summary>
    public static IEnumerable<BatchPrompt> Read(ConditionJob job, CaptionSettings captions) => captions.Shard
        .Of(CaptionFile.Read(captions.File, captions.Format, captions.Columns, job.Host, job.Interrupt.Token))
        .Select(line => new BatchPrompt(line, Path.Combine(job.Output, line.Name + job.Settings.Format.Extension)));

    /// <inheritdoc/>
    protected override IEnumerable<BatchPrompt> Read() => Read(job, captions);

    /// <inheritdoc/>
    protected override CaptionModel Load()
    {
        CaptionModel.DeleteAbandoned(Prompts);
        return new CaptionModel(job, captions);
    }

    /// <inheritdoc/>
    protected override void CloseFiles() => _writing?.Dispose();

    /// <inheritdoc/>
    protected override IEnumerable<List<BatchPrompt>> PassesOf(CaptionModel model, IEnumerable<BatchPrompt> prompts) =>
        new BatchPasses(prompt => Try(prompt, () => model.Prepare(prompt, message => Warn(prompt, message))), model.CanShare, Cancellation).Of(prompts);

    /// <inheritdoc/>
    protected override void RunPass(CaptionModel model, List<BatchPrompt> pass, BatchProgress progress)
    {
        ConditioningFormat format = job.Settings.Format;
        LtxConfig? connectors = format.Needs.HasFlag(ConditioningParts.Context) ? model.Conditioner?.Checkpoint.Config : null;
        PassProgress view = new(progress, model.Encoder.Model.Config, connectors, [.. pass.Select(x => x.Tokens!.Ids.Count)], model.Shape.Length);
        _compute.Start();
        try
        {
            using IEnumerator<ConditioningResult> results = model.Run
                .ComputeMany([.. pass.Select(x => new ConditioningPrompt(x.Tokens!, x.Line.Prompt!.Text))], format.Needs, view, Cancellation)
                .GetEnumerator();
            foreach (BatchPrompt prompt in pass)
            {
                _compute.Start();
                results.MoveNext();
                _compute.Stop();
                OutputDirectory.Create(Path.GetDirectoryName(prompt.Path)!);
                long bytes = format.ByteLength(model.Shape, prompt.Line.Prompt!.Text);
                using AtomicFile file = AtomicFile.Create(prompt.Path, bytes);
                _writing = file;
                format.Write(file.Stream, results.Current, Cancellation);
                Cancellation.ThrowIfCancellationRequested();
                file.Commit();
                model.Remember(prompt);
                prompt.Finish(bytes, model.Shape.Length, null);
            }
        }
        finally
        {
            _compute.Stop();
        }
    }

    /// <inheritdoc/>
    protected override IEnumerable<(string Name, string Value)> Summary(CaptionModel model, TimeSpan load)
    {
        if (model.Unknown > 0)
        {
            job.Screen.Warn(
                $"{Amount.Count(model.Unknown)} outputs were there without a record of what they were made of; they are left as they are, --overwrite makes them anew");
        }

        // What a run left that was killed just before this one began is old enough by now.
        CaptionModel.DeleteAbandoned(Prompts);
        job.WarnOfCache();
        BatchPrompt[] made = [.. Prompts.Where(x => x.Outcome == BatchOutcome.Encoded)];
        long tokens = made.Sum(x => (long)x.Tokens!.Ids.Count);
        double seconds = _compute.Elapsed.TotalSeconds;
        MemoryUse memory = MemoryUse.Now();
        yield return ("model", $"{job.Source.Name} ({job.Source.OriginText})");
        yield return ("captions", Counts());
        yield return ("tokens", Amount.Count(tokens));
        yield return ("load", Amount.Seconds(load.TotalSeconds));
        yield return (
            "condition",
            $"{Amount.Seconds(seconds)}, {Amount.Rate(seconds > 0 ? made.Length / seconds : 0)} captions/s, "
            + $"{Amount.Rate(seconds > 0 ? tokens / seconds : 0)} tokens/s on {model.Encoder.Model.Threads} threads");
        foreach ((string, string) fact in job.CacheFacts())
        {
            yield return fact;
        }

        yield return ("memory", Amount.Memory(memory.Peak, memory.Private));
        yield return ("output", $"{job.Output}, {Amount.Bytes(made.Sum(x => x.OutputBytes!.Value))} written, format {job.Settings.Format.Name}");
    }
}
