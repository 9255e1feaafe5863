using System.Diagnostics;
using ManagedGemma.Checkpoints;
using ManagedGemma.Cli.Hosting;
using ManagedGemma.Cli.Input;
using ManagedGemma.Cli.Output;
using ManagedGemma.Cli.Terminal;
using ManagedGemma.Conditioning;
using ManagedGemma.Ltx;
using ManagedGemma.Ltx.Formats;

namespace ManagedGemma.Cli.Commands.Condition;

/// <summary>One prompt to one file.</summary>
internal static class SingleCondition
{
    /// <summary>Conditions and reports.</summary>
    /// <returns>The exit code.</returns>
    public static int Run(ConditionJob job, Prompt prompt)
    {
        (ConditionSettings settings, Screen screen, Interrupt interrupt) = (job.Settings, job.Screen, job.Interrupt);
        (ConditioningFormat format, LtxOptions options) = (settings.Format, settings.Options);
        Stopwatch watch = Stopwatch.StartNew();
        using GemmaTextEncoder encoder = job.LoadEncoder();
        using LtxTextConditioner? conditioner = job.LoadConditioner(encoder);
        TimeSpan load = watch.Elapsed;
        job.RefuseOwnFiles(encoder, job.Output);
        interrupt.Token.ThrowIfCancellationRequested();
        prompt = job.Enhance(encoder, prompt);
        watch.Restart();
        LengthCheck check = LengthCheck.Of(encoder, prompt, options);
        PromptTokens tokens = check.Tokens;
        TimeSpan tokenize = watch.Elapsed;
        if (check.Problem(options.Length, settings.IsStrict) is { } problem)
        {
            if (settings.IsStrict)
            {
                throw new GemmaException(problem);
            }

            screen.Warn(problem);
        }

        // An output that cannot be written is found before anything is computed.
        ConditioningShape shape = ConditioningShape.Of(encoder, conditioner?.Checkpoint, options.Length);
        long bytes = format.ByteLength(shape, prompt.Text);
        using AtomicFile file = AtomicFile.Create(job.Output, bytes);
        interrupt.WhenGivenUp(() =>
        {
            file.Dispose();
            screen.RestoreCursor();
        });

        watch.Restart();
        LtxConfig? connectors = format.Needs.HasFlag(ConditioningParts.Context) ? conditioner?.Checkpoint.Config : null;
        ConditioningProgress view = new(encoder.Model.Config, connectors, tokens.Ids.Count, options.Length, prompts: 1);
        ConditioningRun run = new(encoder, conditioner, options, job.Cache);
        ConditioningResult result = WorkProgressView.Run<LtxProgress, ConditioningResult>(
            screen, view.Start, step => view.Read(step), progress => run.Compute(tokens, prompt.Text, format.Needs, progress, interrupt.Token));
        TimeSpan compute = watch.Elapsed;

        watch.Restart();
        format.Write(file.Stream, result, interrupt.Token);
        interrupt.Token.ThrowIfCancellationRequested();
        file.Commit();
        TimeSpan write = watch.Elapsed;
        job.WarnOfCache();
        MemoryUse memory = MemoryUse.Now();
        ConditionReport report = new()
        {
            Output = job.Output,
            OutputBytes = bytes,
            Format = format.Name,
            Model = job.Source.Name,
            ModelOrigin = job.Source.OriginText,
            IsDemo = encoder.Model.Checkpoint.IsDemo,
            Ltx = settings.LtxPath is { } path ? Path.GetFileName(path) : null,
            LtxVersion = conditioner?.Checkpoint.Config.Features == FeatureVersion.V1 ? "2.0" : conditioner is null ? null : "2.3",
            Profile = settings.Profile,
            Precision = settings.Precision,
            Threads = encoder.Model.Threads,
            Tokens = tokens.Ids.Count,
            TruncatedTokens = tokens.Truncated,
            TruncatedText = check.CutText,
            Length = options.Length,
            VideoWidth = conditioner?.Checkpoint.Config.Video.Width,
            AudioWidth = conditioner?.Checkpoint.Config.Audio.Width,
            LoadSeconds = load.TotalSeconds,
            TokenizeSeconds = tokenize.TotalSeconds,
            ConditionSeconds = compute.TotalSeconds,
            WriteSeconds = write.TotalSeconds,
            PeakMemoryBytes = memory.Peak,
            PrivateMemoryBytes = memory.Private,
            EnhancedPrompt = job.Enhancement is null ? null : prompt.Text,
            Warnings = screen.Warnings,
        };
        screen.Show(Summary(report));
        if (job.PrintsJson)
        {
            ReportJson.Print(job.Host.Out, report, ReportJson.Default.ConditionReport);
        }

        return ExitCode.Done;
    }

    private static Section Summary(ConditionReport report)
    {
        string cut = report.TruncatedTokens > 0 ? $", {Amount.Count(report.TruncatedTokens)} more cut off" : string.Empty;
        List<(string, string)> facts = [("model", $"{report.Model} ({report.ModelOrigin})")];
        if (report.Ltx is { } ltx)
        {
            facts.Add(("LTX", $"{ltx}, {report.LtxVersion}: video {report.VideoWidth}, audio {report.AudioWidth}"));
        }

        facts.AddRange(
        [
            ("tokens", $"{Amount.Count(report.Tokens)}{cut} in {Amount.Count(report.Length)} rows"),
            ("load", Amount.Seconds(report.LoadSeconds)),
            ("condition", $"{Amount.Seconds(report.ConditionSeconds)} on {report.Threads} threads"),
            ("write", Amount.Seconds(report.WriteSeconds)),
            ("memory", Amount.Memory(report.PeakMemoryBytes, report.PrivateMemoryBytes)),
            ("output", $"{report.Output}, {Amount.Bytes(report.OutputBytes)}, format {report.Format}"),
        ]);
        return Section.Of(string.Empty, facts);
    }
}
