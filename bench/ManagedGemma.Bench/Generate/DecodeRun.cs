using System.Diagnostics;
using ManagedGemma.Bench.Roofline;
using ManagedGemma.Memory;
using ManagedGemma.Model;

namespace ManagedGemma.Bench.Generate;

/// <summary>Sequences that grow by a token a pass, the head's logits included.</summary>
internal static class DecodeRun
{
    /// <summary>Tokens of a bench's prompt.</summary>
    public static int[] Ids(GemmaModel model, int count, int seed) =>
        [2, .. Enumerable.Range(0, count - 1).Select(i => ((i + (seed * 1009)) * 7919 % (model.VocabularySize - 300)) + 260)];

    /// <summary>Runs one case and returns its line. Several sequences are held against one of them, pass by pass in turn.</summary>
    public static GenerateLine Decode(GemmaModel model, Precision precision, int threads, int sequences, int prompt, LimitMeter? limit, int steps)
    {
        // The last one is for the passes of one.
        List<SequenceCache> caches = [.. Enumerable.Range(0, sequences + 1).Select(_ => model.NewSequence())];
        try
        {
            using NativeBuffer logits = NativeBuffer.OfFloats((long)sequences * model.LogitCount);
            for (int i = 0; i < caches.Count; i++)
            {
                model.Step([new SequenceInput(caches[i], Ids(model, prompt, i), ByRow: false, LogitRows: 0)], precision, null, CancellationToken.None);
            }

            double Pass(IEnumerable<SequenceCache> pass, int step)
            {
                long start = Stopwatch.GetTimestamp();
                model.Step([.. pass.Select((cache, i) => new SequenceInput(cache, [300 + step + i], ByRow: true, LogitRows: 1))], precision, logits, CancellationToken.None);
                return Stopwatch.GetElapsedTime(start).TotalSeconds;
            }

            List<PairedRun<(double All, double One)>> runs =
                PairedRuns.Measure(steps + 1, limit, step => (Pass(caches[..sequences], step), sequences == 1 ? 0 : Pass(caches[sequences..], step)));

            // The first warms up.
            runs.RemoveAt(0);
            double median = Median.Of(runs.Select(run => run.Result.All)), gbytes = (model.LinearBytes + model.HeadBytes) / 1e9;
            return new GenerateLine("decode", precision.ToString().ToLowerInvariant(), threads, model.Config.LayerCount, prompt, Math.Round(sequences / median, 2))
            {
                Sequences = sequences,
                StepMs = Math.Round(median * 1000, 1),
                GbytesPerS = Math.Round(gbytes / median, 2),
                LimitGbytesPerS = limit is null ? null : Math.Round(Median.Of(runs.Select(run => run.Limit)), 1),
                Share = limit is null ? null : Math.Round(Median.Of(runs.Select(run => gbytes / run.Result.All / run.Limit)), 3),
                TimesOne = sequences == 1 ? null : Math.Round(Median.Of(runs.Select(run => sequences * run.Result.One / run.Result.All)), 2),
                CacheBytesPerToken = model.CacheBytesPerToken.All,
                CacheBytesPerOldToken = model.CacheBytesPerToken.Full,
            };
        }
        finally
        {
            caches.ForEach(cache => cache.Dispose());
        }
    }
}
