using System.CommandLine;
using System.Text.Json;
using ManagedGemma.Bench.Slice;

namespace ManagedGemma.Bench.Roofline;

/// <summary><c>roofline</c>: what the machine can do at most.</summary>
internal sealed class RooflineCommand : Command
{
    private readonly Option<int[]> _threads = BenchOptions.Threads();

    public RooflineCommand()
        : base("roofline", "the machine's limits from managed code: a JSON line a limit")
    {
        Add(_threads);
        SetAction(parsed =>
        {
            foreach (int threads in parsed.GetValue(_threads)!)
            {
                foreach (string name in Limits.Names)
                {
                    using LimitMeter? meter = Limits.Meter(name, threads);
                    if (meter is not null)
                    {
                        Console.WriteLine(JsonSerializer.Serialize(meter.Best(), BenchJson.Default.Limit));
                    }
                }
            }
        });
    }
}
