using System.CommandLine;
using System.Text.Json;
using ManagedGemma.Bench.Roofline;
using ManagedGemma.Model;

namespace ManagedGemma.Bench.Slice;

/// <summary><c>slice</c>: prefill and decoding of some layers of the 12b.</summary>
internal sealed class SliceCommand : Command
{
    private readonly Option<int[]> _threads = BenchOptions.Threads();
    private readonly Option<int[]> _tokens = BenchOptions.Numbers("--tokens", "prompt lengths, e.g. 8,128", 8, 16, 128, 1024);
    private readonly Option<string[]> _precision = BenchOptions.Words("--precision", "fast, precise, float32", "fast", "precise");
    private readonly Option<int> _layers = BenchOptions.Layers();
    private readonly Option<int> _repeats = new("--repeats") { Description = "runs of which the median is shown", DefaultValueFactory = _ => 5 };
    private readonly Option<string?> _model = new("--model") { Description = "a checkpoint instead of the synthetic 12b" };
    private readonly Option<int> _steps = new("--decode-steps") { Description = "tokens decoded one by one; 0: none", DefaultValueFactory = _ => 20 };

    public SliceCommand()
        : base("slice", "prefill and decode of the synthetic 12b: a JSON line a case")
    {
        foreach (Option option in new Option[] { _steps, _threads, _tokens, _precision, _layers, _repeats, _model })
        {
            Add(option);
        }

        SetAction(Run);
    }

    private void Run(ParseResult parsed)
    {
        string model = parsed.GetValue(_model) ?? SyntheticModels.Get(parsed.GetValue(_layers));
        foreach (int threads in parsed.GetValue(_threads)!)
        {
            using GemmaModel loaded = GemmaModel.Load(model, new GemmaModelOptions { Threads = threads });
            foreach (Precision precision in parsed.GetValue(_precision)!.Select(name => Enum.Parse<Precision>(name, ignoreCase: true)))
            {
                using LimitMeter? arithmetic = Limits.Meter(SliceLimits.For(loaded, precision), threads);
                foreach (int tokens in parsed.GetValue(_tokens)!)
                {
                    Show(SliceRun.Prefill(loaded, precision, threads, tokens, arithmetic, parsed.GetValue(_repeats)));
                }

                if (parsed.GetValue(_steps) is > 0 and int steps)
                {
                    Show(SliceRun.Decode(loaded, precision, threads, 16, steps));
                }
            }
        }
    }

    private static void Show(SliceLine line) => Console.WriteLine(JsonSerializer.Serialize(line, BenchJson.Default.SliceLine));
}
