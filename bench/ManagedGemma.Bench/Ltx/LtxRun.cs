using System.Diagnostics;
using ManagedGemma.Bench.Roofline;
using ManagedGemma.Checkpoints;
using ManagedGemma.Conditioning;
using ManagedGemma.Ltx;
using ManagedGemma.Ltx.Connector;
using ManagedGemma.Ltx.Projection;
using ManagedGemma.Ltx.Weights;
using ManagedGemma.Model;

namespace ManagedGemma.Bench.Ltx;

/// <summary>
/// From hidden states to contexts, without the encoder: what follows it in every conditioning.
/// </summary>
internal static class LtxRun
{
    private const int Hidden = 3840;

    /// <summary>Runs one case and returns its line.</summary>
    /// <param name="engine">Kernels and threads.</param>
    /// <param name="checkpoint">The weights.</param>
    /// <param name="tokens">Tokens of the prompt.</param>
    /// <param name="limit">What bounds it.</param>
    /// <param name="repeats">Runs of which the median is shown.</param>
    public static LtxLine Measure(GemmaModel engine, LtxCheckpoint checkpoint, int tokens, LimitMeter? limit, int repeats)
    {
        int slots = Math.Max(EncodeOptions.DefaultMaxLength, (tokens + LtxConfig.RegisterCount - 1) / LtxConfig.RegisterCount * LtxConfig.RegisterCount);
        float[] state = [.. Enumerable.Range(0, tokens * Hidden).Select(i => MathF.Sin(i))];

        // The first run warms up, and is the one that is watched.
        double memory = ProcessMemory.MostMegabytes(() => Once(engine, checkpoint, state, tokens, slots));
        List<PairedRun<LtxParts>> runs = PairedRuns.Measure(repeats, limit, _ => Once(engine, checkpoint, state, tokens, slots));
        double gmacs = Macs(checkpoint, tokens, slots) / 1e9;
        (double median, _, LtxParts medianParts) = runs.OrderBy(run => run.Seconds).ElementAt(runs.Count / 2);
        return new LtxLine(
            "ltx-2.3",
            engine.Threads,
            tokens,
            slots,
            Math.Round(median, 3),
            Math.Round(gmacs / median, 1),
            limit?.Name,
            Math.Round(Median.Of(runs.Select(run => run.Limit)), 1),
            limit is null ? 0 : Math.Round(Median.Of(runs.Select(run => gmacs / run.Seconds / run.Limit)), 3),
            memory,
            medianParts);
    }

    private static LtxParts Once(GemmaModel engine, LtxCheckpoint checkpoint, float[] state, int tokens, int slots)
    {
        long start = Stopwatch.GetTimestamp();
        LtxProjection projection = Project(engine, checkpoint, state, tokens, slots);
        double projected = Stopwatch.GetElapsedTime(start).TotalSeconds;
        ConnectorTimes times = new();
        using PageWalk walk = new(checkpoint.ConnectorPages, releases: false);
        Connect(engine, checkpoint, checkpoint.Video, projection.Video, slots, walk, times);
        Connect(engine, checkpoint, checkpoint.Audio, projection.Audio, slots, walk, times);
        double all = Stopwatch.GetElapsedTime(start).TotalSeconds;
        double products = times[ConnectorPart.Products], attention = times[ConnectorPart.Attention], feedForward = times[ConnectorPart.FeedForward];
        return new LtxParts(
            Math.Round(projected, 3),
            Math.Round(products, 3),
            Math.Round(attention, 3),
            Math.Round(feedForward, 3),
            Math.Round(all - projected - products - attention - feedForward, 3));
    }

    private static LtxProjection Project(GemmaModel engine, LtxCheckpoint checkpoint, float[] state, int tokens, int slots)
    {
        StateNorm norm = new(engine.KernelTable, checkpoint.Config.Features, ConnectorPass.Epsilon);
        using ProjectionBatch batch = new(checkpoint.Projection, "the bench's states", engine.KernelTable, engine.Team, norm);
        ProjectionSink sink = batch.Add();
        int states = checkpoint.FeatureCount / Hidden;
        sink.Begin(new HiddenStateShape(states, tokens, Hidden));
        for (int i = 0; i < states; i++)
        {
            sink.Accept(new HiddenState(HiddenStateStage.Block, i, i, state));
        }

        return sink.Result(slots, [.. Enumerable.Range(0, tokens)]);
    }

    private static void Connect(
        GemmaModel engine, LtxCheckpoint checkpoint, ConnectorWeights weights, EmbeddingRows rows, int slots, PageWalk walk, ConnectorTimes times)
    {
        using ConnectorPass pass = new(weights, checkpoint.Config, engine.KernelTable, engine.Team, slots, walk) { Times = times };
        pass.Begin(rows, CancellationToken.None);
        Array.ForEach(weights.Blocks, block => pass.Block(block, CancellationToken.None));
        pass.End(CancellationToken.None);
    }

    // Attention is scores and weighted values: twice slots² times the width.
    private static double Macs(LtxCheckpoint checkpoint, int tokens, int slots)
    {
        double macs = (double)tokens * checkpoint.FeatureCount * (checkpoint.Projection.Video.Width + checkpoint.Projection.Audio.Width);
        foreach (ConnectorWeights connector in (ReadOnlySpan<ConnectorWeights>)[checkpoint.Video, checkpoint.Audio])
        {
            macs += connector.Blocks.Sum(block => block.Layers.Sum(layer => (double)layer.Weights.Rows * layer.Weights.Columns)) * slots;
            macs += 2.0 * slots * slots * connector.Sizes.Width * connector.Blocks.Length;
        }

        return macs;
    }
}
