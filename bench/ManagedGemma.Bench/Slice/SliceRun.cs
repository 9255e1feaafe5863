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
        int[] ids = [2, .. Enumerable.Range(0, tokens - 1).Select(i => (i * 7919 % (model.VocabularySize - 300)) + 260)];
        List<(double Seconds, PassTimes Times)> runs = [];
        for (int i = 0; i <= repeats; i++)
        {
            long start = Stopwatch.GetTimestamp();
            PassTimes times = model.Measure([ids], new RunOptions { Precision = precision });
            if (i > 0)
            {
                runs.Add((Stopwatch.GetElapsedTime(start).TotalSeconds, times));
            }
        }

        (double seconds, PassTimes parts) = runs.OrderBy(run => run.Seconds).ElementAt(runs.Count / 2);
        double macs = (double)model.LinearWeights * tokens / seconds / 1e9;
        double share = limit is null ? 0 : limit.Unit == "GB/s" ? model.LinearBytes / seconds / 1e9 / limit.Value : macs / limit.Value;
        return new SliceLine(
            "prefill",
            precision.ToString().ToLowerInvariant(),
            threads,
            tokens,
            Math.Round(tokens / seconds, 2),
            Math.Round(macs, 1),
            Math.Round(model.LinearBytes / seconds / 1e9, 2),
            limit?.Name,
            Math.Round(limit?.Value ?? 0, 1),
            Math.Round(share, 3),
            ProcessMemory.PrivateMegabytes(),
            new SliceParts(Math.Round(parts.Round, 5), Math.Round(parts.Multiply, 5), Math.Round(parts.Attend, 5), Math.Round(seconds - parts.Round - parts.Multiply - parts.Attend, 5)));
    }
}
