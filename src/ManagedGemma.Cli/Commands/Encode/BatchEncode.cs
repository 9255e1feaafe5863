using System.Diagnostics;
using ManagedGemma.Cli.Hosting;
using ManagedGemma.Cli.Input;
using ManagedGemma.Cli.Output;
using ManagedGemma.Cli.Terminal;
using ManagedGemma.Conditioning;

namespace ManagedGemma.Cli.Commands.Encode;

/// <summary>
/// Many prompts to a directory, a file each: the one that <c>encode</c> alone would write, bit for bit. A file a prompt and not one for
/// all, because that is what readers of features take, what a run that was stopped can go on from, and what needs no length known
/// in advance.
/// </summary>
internal sealed class BatchEncode(EncodeJob job, BatchSettings batch)
{
    private readonly List<FeatureFile> _open = [];
    private readonly Stopwatch _encode = new();
    private BatchPrompt[] _prompts = [];
    private TimeSpan _states;
    private int _reported;

    private int Failed => _prompts.Count(x => x.Outcome == BatchOutcome.Failed);

    /// <summary>Encodes all prompts that can be encoded.</summary>
    /// <returns>The exit code.</returns>
    /// <exception cref="GemmaException">The list, the model or an output is not what it should be; or some lines were not, at the end.</exception>
    public int Run()
    {
        Interrupt interrupt = job.Interrupt;
        interrupt.WhenGivenUp(GiveUp);
        RequireDirectory();
        ReadPrompts();
        if (_prompts.All(x => x.Outcome is not null))
        {
            Report();
            throw Failure();
        }

        if (DumpSink.FromEnvironment(0) is not null)
        {
            job.Screen.Warn($"{DumpSink.HiddenVariable} and {DumpSink.StageVariable} are for single prompts: --batch writes no dumps");
        }

        Stopwatch watch = Stopwatch.StartNew();
        using GemmaTextEncoder encoder = job.Load();
        TimeSpan load = watch.Elapsed;
        if (_prompts.Any(x => x.Line.Prompt is { Text: not null }))
        {
            // A model without tokenizer is one problem and not one of every line.
            _ = encoder.Tokenizer;
        }

        CreateDirectory();
        BatchProgress progress = new(encoder.Model.Config.LayerCount, _prompts.Count(x => x.Outcome is null), _prompts.Sum(x => x.Weight));
        try
        {
            BatchProgressView.Run(job.Screen, progress, passed => RunPasses(encoder, progress, passed));
        }
        finally
        {
            CloseAll();
            Report();
        }

        job.Screen.Show(Summary(encoder, load));
        return Failed == 0 ? ExitCode.Done : throw Failure();
    }

    private GemmaException Failure() => new($"{Failed} of {_prompts.Length} prompts were not encoded", InputFile.NameOf(batch.File));

    private void ReadPrompts()
    {
        IReadOnlyList<BatchLine> lines = BatchFile.Read(batch.File, batch.Format, job.Host, job.Interrupt.Token);
        _prompts = [.. lines.Select(x => new BatchPrompt(x, OutputName.PathOf(job.Output, x.Name)))];
        foreach (BatchPrompt prompt in _prompts)
        {
            if (prompt.Line.Problem is { } problem)
            {
                prompt.Fail(problem);
                job.Screen.Fail(problem.Message);
            }
        }
    }

    private void RequireDirectory()
    {
        if (File.Exists(job.Output))
        {
            throw new GemmaException("the output is a file", job.Output, expected: "a directory, which is created if it is missing");
        }
    }

    private void CreateDirectory()
    {
        try
        {
            Directory.CreateDirectory(job.Output);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new GemmaException("the directory cannot be created", job.Output, found: exception.Message, innerException: exception);
        }
    }

    private void RunPasses(GemmaTextEncoder encoder, BatchProgress progress, Action passed)
    {
        BatchPasses passes = new(job, batch, encoder);
        EncodeOptions options = job.Settings.Options with { BatchTokens = batch.Tokens };
        foreach (List<BatchPrompt> pass in passes.Of(_prompts.Where(x => x.Outcome is null)))
        {
            long settled = _prompts.Where(x => x.Outcome is not null).Sum(x => x.Weight);
            progress.Begin(pass.Count, pass.Sum(x => x.Tokens!.Ids.Count), settled, pass.Sum(x => x.Weight));
            Run(encoder, pass, options, progress, passes);
            progress.End();
            Report();
            passed();
        }
    }

    private void Run(GemmaTextEncoder encoder, List<BatchPrompt> pass, EncodeOptions options, BatchProgress progress, BatchPasses passes)
    {
        if (job.Settings.HasHiddenStates)
        {
            // They are written while they are computed.
            pass.ForEach(x => Open(encoder, x));
        }

        _encode.Start();
        using IEnumerator<PromptFeatures> features = encoder
            .EncodeMany(pass.Select(x => x.Tokens!), options, index => _open.ElementAtOrDefault(index)?.HiddenStates, progress, job.Interrupt.Token)
            .GetEnumerator();
        foreach (BatchPrompt prompt in pass)
        {
            // The first step is the pass.
            features.MoveNext();
            _encode.Stop();
            FeatureFile file = _open.Count > 0 ? _open[0] : Open(encoder, prompt);
            file.Complete(features.Current, job.Interrupt.Token);
            prompt.Finish(features.Current, file);
            foreach (string warning in job.ValueWarnings(file))
            {
                passes.Warn(prompt, warning);
            }

            Close(file);
        }
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

    private void CloseAll()
    {
        lock (_open)
        {
            _open.ForEach(x => x.Dispose());
            _open.Clear();
        }
    }

    private void GiveUp()
    {
        CloseAll();
        job.Screen.RestoreCursor();
    }

    // In the order of the lines, as far as all before are settled.
    private void Report()
    {
        for (; _reported < _prompts.Length && _prompts[_reported].Outcome is not null; _reported++)
        {
            if (job.PrintsJson)
            {
                ReportJson.Print(job.Host.Out, _prompts[_reported].Report(), ReportJson.Default.BatchReport);
            }
        }

        job.Host.Out.Flush();
    }

    private Section Summary(GemmaTextEncoder encoder, TimeSpan load)
    {
        BatchPrompt[] encoded = [.. _prompts.Where(x => x.Outcome == BatchOutcome.Encoded)];
        int skipped = _prompts.Count(x => x.Outcome == BatchOutcome.Skipped);
        long tokens = encoded.Sum(x => (long)x.Tokens!.Ids.Count);
        string others = (skipped > 0 ? $", {Amount.Count(skipped)} were there and are left as they are" : string.Empty)
            + (Failed > 0 ? $", {Amount.Count(Failed)} failed" : string.Empty);
        double seconds = (_encode.Elapsed - _states).TotalSeconds;
        MemoryUse memory = MemoryUse.Now();
        return Section.Of(
            string.Empty,
            ("model", $"{job.Source.Name} ({job.Source.OriginText})"),
            ("prompts", $"{Amount.Count(encoded.Length)} encoded{others}"),
            ("tokens", Amount.Count(tokens)),
            ("load", Amount.Seconds(load.TotalSeconds)),
            ("encode", $"{Amount.Seconds(seconds)}, {Amount.Rate(seconds > 0 ? tokens / seconds : 0)} tokens/s on {encoder.Model.Threads} threads"),
            ("memory", Amount.Memory(memory.Peak, memory.Private)),
            ("output", $"{job.Output}, {Amount.Bytes(encoded.Sum(x => x.OutputBytes!.Value))} written"));
    }
}
