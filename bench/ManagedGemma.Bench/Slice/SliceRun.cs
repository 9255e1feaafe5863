using System.Diagnostics;
using ManagedGemma.Bench.Roofline;
using ManagedGemma.Model;

namespace ManagedGemma.Bench.Slice;

/// <summary>Prefill of a model: tokens a second, as a share of the limit of the instructions that do it, with the parts.</summary>
internal static class SliceRun
{
    /// <summary>Runs one case and returns its line.</summary>
    public static SliceLine Prefill(GemmaModel model, Precision precision, int threads, int tokens, Limit? limit, int repeats)
    {
        int[] ids = Ids(model, tokens);
        RunOptions options = new() { Precision = precision };

        // The first run warms up, and is the one that is watched.
        double memory = ProcessMemory.MostMegabytes(() => model.Measure([ids], options));
        List<(double Seconds, PassTimes Times)> runs = [];
        for (int i = 0; i < repeats; i++)
        {
            long start = Stopwatch.GetTimestamp();
            PassTimes times = model.Measure([ids], options);
            runs.Add((Stopwatch.GetElapsedTime(start).TotalSeconds, times));
        }

        return Line(model, "prefill", precision, threads, tokens, limit, memory, runs);
    }

    /// <summary>Decoding of a sequence: one token a step behind a prompt of some tokens.</summary>
    public static SliceLine Decode(GemmaModel model, Precision precision, int threads, int prompt, Limit? limit, int steps)
    {
        RunOptions options = new() { Precision = precision };
        using SequenceCache sequence = model.NewSequence();
        model.Advance([sequence], [Ids(model, prompt)], options);
        double memory = ProcessMemory.MostMegabytes(() => model.Advance([sequence], [[300]], options));
        List<(double Seconds, PassTimes Times)> runs = [];
        for (int i = 0; i < steps; i++)
        {
            long start = Stopwatch.GetTimestamp();
            PassTimes times = model.Advance([sequence], [[i + 301]], options);
            runs.Add((Stopwatch.GetElapsedTime(start).TotalSeconds, times));
        }

        return Line(model, "decode", precision, threads, 1, limit, memory, runs);
    }

    private static int[] Ids(GemmaModel model, int tokens) =>
        [2, .. Enumerable.Range(0, tokens - 1).Select(i => (i * 7919 % (model.VocabularySize - 300)) + 260)];

    // The median run; its rate as a share of the limit, which counts bytes for decoding and products for prefill.
    private static SliceLine Line(
        GemmaModel model, string name, Precision precision, int threads, int tokens, Limit? limit, double memory, List<(double Seconds, PassTimes Times)> runs)
    {
        (double seconds, PassTimes parts) = runs.OrderBy(run => run.Seconds).ElementAt(runs.Count / 2);
        double gmacs = (double)model.LinearWeights * tokens / seconds / 1e9, gbytes = model.LinearBytes / seconds / 1e9;
        double share = limit is null ? 0 : (limit.Unit == "GB/s" ? gbytes : gmacs) / limit.Value;
        return new SliceLine(
            name,
            precision.ToString().ToLowerInvariant(),
            threads,
            tokens,
            model.Config.LayerCount,
            Math.Round(tokens / seconds, 2),
            Math.Round(gmacs, 1),
            Math.Round(gbytes, 2),
            limit?.Name,
            Math.Round(limit?.Value ?? 0, 1),
            Math.Round(share, 3),
            memory,
            new SliceParts(Math.Round(parts.Round, 5), Math.Round(parts.Multiply, 5), Math.Round(parts.Attend, 5), Math.Round(seconds - parts.Round - parts.Multiply - parts.Attend, 5)));
    }
}
