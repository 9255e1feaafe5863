using ManagedGemma.Bench.Roofline;
using ManagedGemma.Model;

namespace ManagedGemma.Bench.Slice;

/// <summary>
/// Passes of a model: tokens a second, the parts, and the share of what bounds it.
/// </summary>
internal static class SliceRun
{
    /// <summary>Runs one case and returns its line.</summary>
    public static SliceLine Prefill(GemmaModel model, Precision precision, int threads, int tokens, LimitMeter? limit, int repeats)
    {
        int[] ids = Ids(model, tokens);
        RunOptions options = new() { Precision = precision };

        // The first run warms up, and is the one that is watched.
        double memory = ProcessMemory.MostMegabytes(() => model.Measure([ids], options));
        return Line(model, "prefill", precision, threads, tokens, limit, memory, PairedRuns.Measure(repeats, limit, _ => model.Measure([ids], options)));
    }

    /// <summary>Decoding of a sequence: one token a step behind a prompt of some tokens.</summary>
    public static SliceLine Decode(GemmaModel model, Precision precision, int threads, int prompt, int steps)
    {
        RunOptions options = new() { Precision = precision };
        using SequenceCache sequence = model.NewSequence();
        model.Advance([sequence], [Ids(model, prompt)], options);
        double memory = ProcessMemory.MostMegabytes(() => model.Advance([sequence], [[300]], options));

        // Only now: the memory that is read is the meter's, not the pass's.
        using LimitMeter? limit = Limits.Meter("memory", threads);
        return Line(model, "decode", precision, threads, 1, limit, memory, PairedRuns.Measure(steps, limit, i => model.Advance([sequence], [[i + 301]], options)));
    }

    private static int[] Ids(GemmaModel model, int tokens) =>
        [2, .. Enumerable.Range(0, tokens - 1).Select(i => (i * 7919 % (model.VocabularySize - 300)) + 260)];

    // The median run by time, the median limit, and the median share, of products for prefill and of bytes for decoding.
    private static SliceLine Line(
        GemmaModel model, string name, Precision precision, int threads, int tokens, LimitMeter? limit, double memory, List<PairedRun<PassTimes>> runs)
    {
        (double seconds, _, PassTimes parts) = runs.OrderBy(run => run.Seconds).ElementAt(runs.Count / 2);
        double gmacs = (double)model.LinearWeights * tokens / 1e9, gbytes = model.LinearBytes / 1e9;
        double work = limit?.Unit == "GB/s" ? gbytes : gmacs;
        return new SliceLine(
            name,
            precision.ToString().ToLowerInvariant(),
            threads,
            tokens,
            model.Config.LayerCount,
            Math.Round(tokens / seconds, 2),
            Math.Round(gmacs / seconds, 1),
            Math.Round(gbytes / seconds, 2),
            limit?.Name,
            Math.Round(Median.Of(runs.Select(run => run.Limit)), 1),
            limit is null ? 0 : Math.Round(Median.Of(runs.Select(run => work / run.Seconds / run.Limit)), 3),
            memory,
            new SliceParts(Math.Round(parts.Round, 5), Math.Round(parts.Multiply, 5), Math.Round(parts.Attend, 5), Math.Round(seconds - parts.Round - parts.Multiply - parts.Attend, 5)));
    }
}
