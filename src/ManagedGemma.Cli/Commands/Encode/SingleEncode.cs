using System.Diagnostics;
using ManagedGemma.Cli.Hosting;
using ManagedGemma.Cli.Input;
using ManagedGemma.Cli.Output;
using ManagedGemma.Cli.Terminal;
using ManagedGemma.Conditioning;

namespace ManagedGemma.Cli.Commands.Encode;

/// <summary>One prompt to one file.</summary>
internal static class SingleEncode
{
    /// <summary>Encodes and reports.</summary>
    /// <returns>The exit code.</returns>
    public static int Run(EncodeJob job, Prompt prompt)
    {
        (EncodeSettings settings, Screen screen, Interrupt interrupt) = (job.Settings, job.Screen, job.Interrupt);
        Stopwatch watch = Stopwatch.StartNew();
        using GemmaTextEncoder encoder = job.LoadEncoder();
        TimeSpan load = watch.Elapsed;
        job.RefuseOwnFiles(encoder, job.Output);
        interrupt.Token.ThrowIfCancellationRequested();
        prompt = job.Enhance(encoder, prompt);
        watch.Restart();
        PromptTokens tokens = job.Tokenize(encoder, prompt);
        TimeSpan tokenize = watch.Elapsed;
        if (job.TruncationWarning(tokens) is { } warning)
        {
            screen.Warn(warning);
        }

        watch.Restart();
        using FeatureFile file = job.CreateFile(job.Output, encoder.Model, tokens);
        interrupt.WhenGivenUp(() =>
        {
            file.Dispose();
            screen.RestoreCursor();
        });
        TimeSpan write = watch.Elapsed;

        watch.Restart();
        PromptFeatures features = LayerProgressView.Run(
            screen,
            encoder.Model.Config.LayerCount,
            progress => encoder.Encode(tokens, settings.Options, file.HiddenStates, progress, interrupt.Token));
        TimeSpan states = file.HiddenStates?.Elapsed ?? TimeSpan.Zero;
        TimeSpan encode = watch.Elapsed - states;

        watch.Restart();
        file.Complete(features, interrupt.Token);
        write += watch.Elapsed + states;
        job.WarnOfCache();
        MemoryUse memory = MemoryUse.Now();
        foreach (string problem in job.ValueWarnings(file))
        {
            screen.Warn(problem);
        }

        EncodeReport report = new()
        {
            Output = job.Output,
            OutputBytes = file.ByteLength,
            Model = job.Source.Name,
            ModelOrigin = job.Source.OriginText,
            IsDemo = encoder.Model.Checkpoint.IsDemo,
            Profile = settings.Profile,
            Precision = settings.Precision,
            Features = settings.Features,
            Dtype = settings.Dtype,
            Threads = encoder.Model.Threads,
            Tokens = tokens.Ids.Count,
            TruncatedTokens = tokens.Truncated,
            Length = features.Length,
            Width = features.Width,
            LoadSeconds = load.TotalSeconds,
            TokenizeSeconds = tokenize.TotalSeconds,
            EncodeSeconds = encode.TotalSeconds,
            WriteSeconds = write.TotalSeconds,
            TokensPerSecond = tokens.Ids.Count / encode.TotalSeconds,
            PeakMemoryBytes = memory.Peak,
            PrivateMemoryBytes = memory.Private,
            EnhancedPrompt = job.Enhancement is null ? null : prompt.Text,
            Warnings = screen.Warnings,
        };
        screen.Show(Summary(report));
        if (job.PrintsJson)
        {
            ReportJson.Print(job.Host.Out, report, ReportJson.Default.EncodeReport);
        }

        return ExitCode.Done;
    }

    private static Section Summary(EncodeReport report)
    {
        string tokens = Amount.Count(report.Tokens);
        string cut = report.TruncatedTokens > 0 ? $", {Amount.Count(report.TruncatedTokens)} more cut off" : string.Empty;
        string rows = report.Length > report.Tokens ? $" in {Amount.Count(report.Length)} rows, padded in front" : string.Empty;
        return Section.Of(
            string.Empty,
            ("model", $"{report.Model} ({report.ModelOrigin})"),
            ("tokens", tokens + cut + rows),
            ("load", Amount.Seconds(report.LoadSeconds)),
            ("tokenise", Amount.Seconds(report.TokenizeSeconds)),
            ("encode", $"{Amount.Seconds(report.EncodeSeconds)}, {Amount.Rate(report.TokensPerSecond)} tokens/s on {report.Threads} threads"),
            ("write", Amount.Seconds(report.WriteSeconds)),
            ("memory", Amount.Memory(report.PeakMemoryBytes, report.PrivateMemoryBytes)),
            ("output", $"{report.Output}, {Amount.Bytes(report.OutputBytes)}"));
    }
}
