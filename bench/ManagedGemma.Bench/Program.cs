using System.CommandLine;
using System.Text.Json;
using BenchmarkDotNet.Running;
using ManagedGemma.Bench;
using ManagedGemma.Bench.Kernels;
using ManagedGemma.Bench.Team;
using ManagedGemma.Bench.Roofline;
using ManagedGemma.Bench.Slice;
using ManagedGemma.Checkpoints.Synthetic;
using ManagedGemma.Model;

RootCommand root = new("ManagedGemma's benches. Every figure stands next to the machine's limit, measured in the same run.");
Option<int[]> threadsOption = new("--threads") { Description = "threads, e.g. 1,2", CustomParser = result => [.. result.Tokens[0].Value.Split(',').Select(int.Parse)], DefaultValueFactory = _ => [1, 2] };

Command roofline = new("roofline", "the machine's limits from managed code") { threadsOption };
roofline.SetAction(parsed =>
{
    foreach (int threads in parsed.GetValue(threadsOption)!)
    {
        foreach (Limit limit in Limits.Names.Select(name => Limits.Measure(name, threads)).OfType<Limit>())
        {
            Console.WriteLine(JsonSerializer.Serialize(limit, BenchJson.Default.Limit));
        }
    }
});

Option<int[]> tokensOption = new("--tokens") { Description = "prompt lengths, e.g. 8,128", CustomParser = result => [.. result.Tokens[0].Value.Split(',').Select(int.Parse)], DefaultValueFactory = _ => [8, 16, 128] };
Option<string[]> precisionOption = new("--precision") { Description = "fast, precise, float32", CustomParser = result => result.Tokens[0].Value.Split(','), DefaultValueFactory = _ => ["fast", "precise"] };
Option<int> layersOption = new("--layers") { Description = "layers of the synthetic 12b", DefaultValueFactory = _ => 6 };
Option<int> repeatsOption = new("--repeats") { Description = "runs of which the median is shown", DefaultValueFactory = _ => 5 };
Option<string?> modelOption = new("--model") { Description = "a checkpoint instead of the synthetic 12b" };
Option<int> stepsOption = new("--decode-steps") { Description = "tokens decoded one by one; 0: none", DefaultValueFactory = _ => 20 };
Command slice = new("slice", "prefill and decode of the synthetic 12b: a JSON line a case") { stepsOption, threadsOption, tokensOption, precisionOption, layersOption, repeatsOption, modelOption };
slice.SetAction(parsed =>
{
    string model = parsed.GetValue(modelOption) ?? SyntheticModels.Get(parsed.GetValue(layersOption));
    foreach (int threads in parsed.GetValue(threadsOption)!)
    {
        using GemmaModel loaded = GemmaModel.Load(model, new GemmaModelOptions { Threads = threads });
        foreach (string name in parsed.GetValue(precisionOption)!)
        {
            Precision precision = Enum.Parse<Precision>(name, ignoreCase: true);
            foreach (int tokens in parsed.GetValue(tokensOption)!)
            {
                Limit? limit = Limits.Measure(SliceLimits.For(loaded, precision), threads);
                SliceLine line = SliceRun.Prefill(loaded, precision, threads, tokens, limit, parsed.GetValue(repeatsOption));
                Console.WriteLine(JsonSerializer.Serialize(line, BenchJson.Default.SliceLine));
            }

            if (parsed.GetValue(stepsOption) is > 0 and int steps)
            {
                SliceLine line = SliceRun.Decode(loaded, precision, threads, 16, Limits.Measure("memory", threads), steps);
                Console.WriteLine(JsonSerializer.Serialize(line, BenchJson.Default.SliceLine));
            }
        }
    }
});

Option<bool> deleteOption = new("--delete") { Description = "delete what was made" };
Command synthetic = new("synthetic", "make (or delete) the synthetic checkpoints that slow tests and benches use") { layersOption, deleteOption };
synthetic.SetAction(parsed =>
{
    if (parsed.GetValue(deleteOption))
    {
        SyntheticModels.Delete();
    }
    else
    {
        Console.WriteLine(SyntheticModels.Get(parsed.GetValue(layersOption)));
    }
});

Argument<string[]> filterArgument = new("filter") { Description = "BenchmarkDotNet's arguments, e.g. --filter *Int4*", Arity = ArgumentArity.ZeroOrMore };
Command kernels = new("kernels", "every kernel and instruction set, by BenchmarkDotNet") { filterArgument };
kernels.TreatUnmatchedTokensAsErrors = false;
kernels.SetAction(parsed =>
{
    string[] forward = [.. parsed.UnmatchedTokens, .. parsed.GetValue(filterArgument) ?? []];
    BenchmarkSwitcher.FromTypes([typeof(Int4Benchmarks), typeof(RowBenchmarks)]).Run(forward.Length > 0 ? forward : ["--filter", "*"]);
});

Command team = new("team", "what starting and joining a job costs, in µs") { threadsOption };
team.SetAction(parsed =>
{
    foreach (int threads in parsed.GetValue(threadsOption)!)
    {
        Console.WriteLine($"{threads} threads: {TeamRun.Microseconds(threads):0.00} µs a job");
    }
});

root.Add(team);
root.Add(kernels);
root.Add(roofline);
root.Add(slice);
root.Add(synthetic);
return root.Parse(args).Invoke();
