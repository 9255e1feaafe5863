using ManagedGemma.Checkpoints;
using ManagedGemma.Conditioning;
using ManagedGemma.Kernels;
using ManagedGemma.Ltx.Connector;
using ManagedGemma.Ltx.Projection;
using ManagedGemma.Ltx.Weights;
using ManagedGemma.Model;
using ManagedGemma.Tests.Support;
using ManagedGemma.Threading;

namespace ManagedGemma.Ltx.Tests.Support;

/// <summary>
/// Cases of Lightricks' own ltx-core in float64 on tiny weights: <c>tests/fixtures/ltx/meta.json</c> says how they were made and what
/// a float32 implementation must reach.
/// </summary>
internal static class LtxFixture
{
    /// <summary>Layers + 1.</summary>
    public const int States = 13;

    private const int FileTokens = 128;
    private const int FileWidth = 128;

    /// <summary>The versions.</summary>
    public static readonly string[] Versions = ["v20", "v23"];

    /// <summary>A file beside the cases.</summary>
    public static string File(string version, string name) => Path.Combine(TestFiles.Fixtures, "ltx", version, name + ".safetensors");

    /// <summary>The checkpoint.</summary>
    public static string Checkpoint(string version) => File(version, "ltx-tiny");

    /// <summary>The encoder's width.</summary>
    public static int Hidden(string version) => version == "v20" ? 64 : FileWidth;

    /// <summary>
    /// The states of a case, [state][tokens · hidden], valid rows alone: a: the last 9 of 128; b: all; c: the last 200 of the rows and
    /// the same rows in reverse order.
    /// </summary>
    public static float[][] ValidStates(string version, string name)
    {
        using Golden file = new(Path.Combine(TestFiles.Fixtures, "ltx", "hidden.safetensors"));
        float[] all = file.Floats("hidden_states");
        int hidden = Hidden(version);
        IEnumerable<int> rows = Enumerable.Range(0, FileTokens);
        rows = name switch
        {
            "a" => rows.TakeLast(9),
            "b" => rows,
            _ => rows.Concat(rows.Reverse()).TakeLast(200),
        };
        return [.. Enumerable.Range(0, States).Select(state => rows.SelectMany(row => Slice(all, state, row, hidden)).ToArray())];

        static float[] Slice(float[] all, int state, int row, int hidden)
        {
            int start = ((state * FileTokens) + row) * FileWidth;
            return all[start..(start + hidden)];
        }
    }

    /// <summary>Hands states to a sink as a model does.</summary>
    public static void Feed(IHiddenStateSink sink, float[][] states, int hidden) => FeedSideBySide([sink], [states], hidden);

    /// <summary>Hands several prompts' states to their sinks as a model does that runs them in one pass.</summary>
    public static void FeedSideBySide(IReadOnlyList<IHiddenStateSink> sinks, float[][][] prompts, int hidden)
    {
        for (int i = 0; i < sinks.Count; i++)
        {
            sinks[i].Begin(new HiddenStateShape(prompts[i].Length, prompts[i][0].Length / hidden, hidden));
        }

        int states = prompts[0].Length;
        for (int state = 0; state < states; state++)
        {
            HiddenStateStage stage = state == 0 ? HiddenStateStage.Embedding : state == states - 1 ? HiddenStateStage.FinalNorm : HiddenStateStage.Block;
            for (int i = 0; i < sinks.Count; i++)
            {
                sinks[i].Accept(new HiddenState(stage, stage == HiddenStateStage.Block ? state - 1 : -1, state, prompts[i][state]));
            }
        }
    }

    /// <summary>Projects states.</summary>
    public static LtxProjection Project(
        LtxCheckpoint checkpoint, float[][] states, int hidden, int length, KernelTable kernels, WorkerTeam team, long blockBytes = ProjectionBatch.BlockBytes)
    {
        StateNorm norm = new(kernels, checkpoint.Config.Features, 1e-6f);
        using ProjectionBatch batch = new(checkpoint.Projection, "encoder", kernels, team, norm, blockBytes);
        ProjectionSink sink = batch.Add();
        Feed(sink, states, hidden);
        return sink.Result(length, []);
    }

    /// <summary>Runs a connector.</summary>
    public static EmbeddingRows Connect(
        LtxCheckpoint checkpoint, ConnectorWeights weights, EmbeddingRows rows, int length, KernelTable kernels, WorkerTeam team)
    {
        using PageWalk walk = new(new WeightPages([]), releases: false);
        using ConnectorPass pass = new(weights, checkpoint.Config, kernels, team, length, walk);
        pass.Begin(rows, CancellationToken.None);
        foreach (ConnectorBlock block in weights.Blocks)
        {
            pass.Block(block, CancellationToken.None);
        }

        return pass.End(CancellationToken.None);
    }
}
