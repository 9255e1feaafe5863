using System.CommandLine;
using System.Text.Json;
using ManagedGemma.Bench.Roofline;
using ManagedGemma.Bench.Slice;
using ManagedGemma.Checkpoints.Synthetic;
using ManagedGemma.Ltx;
using ManagedGemma.Model;

namespace ManagedGemma.Bench.Ltx;

/// <summary>
/// <c>ltx</c>: projection and connectors of LTX-2.3 at their real size, from hidden states on. They compute in float32 whatever the
/// encoder's precision, so there is none to choose.
/// </summary>
internal sealed class LtxCommand : Command
{
    private readonly Option<int[]> _threads = BenchOptions.Threads();
    private readonly Option<int[]> _tokens = BenchOptions.Numbers("--tokens", "prompt lengths, e.g. 128,1024; the connectors fill up to 1024 slots", 1024);
    private readonly Option<int> _repeats = new("--repeats") { Description = "runs of which the median is shown", DefaultValueFactory = _ => 3 };

    public LtxCommand()
        : base("ltx", "projection and connectors of LTX-2.3 at real size: a JSON line a case")
    {
        Add(_threads);
        Add(_tokens);
        Add(_repeats);
        SetAction(Run);
    }

    private void Run(ParseResult parsed)
    {
        using LtxCheckpoint checkpoint = LtxCheckpoint.Open(Weights());
        foreach (int threads in parsed.GetValue(_threads)!)
        {
            // The demo brings kernels and threads.
            using GemmaModel engine = new(DemoCheckpoint.Open(), new GemmaModelOptions { Threads = threads });
            using LimitMeter? limit = Limits.Meter(SliceLimits.For(engine, Precision.Float32), threads);
            foreach (int tokens in parsed.GetValue(_tokens)!)
            {
                LtxLine line = LtxRun.Measure(engine, checkpoint, tokens, limit, parsed.GetValue(_repeats));
                Console.WriteLine(JsonSerializer.Serialize(line, LtxJson.Default.LtxLine));
            }
        }
    }

    // Made once, and no room on the disk.
    private static string Weights()
    {
        string path = Path.Combine(SyntheticModels.Root, "ltx-2.3.safetensors");
        if (!File.Exists(path))
        {
            Directory.CreateDirectory(SyntheticModels.Root);
            HollowFiles.Ltx23(path);
        }

        return path;
    }
}
