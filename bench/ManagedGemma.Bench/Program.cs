using System.CommandLine;
using BenchmarkDotNet.Running;
using ManagedGemma.Bench;
using ManagedGemma.Bench.Captions;
using ManagedGemma.Bench.Generate;
using ManagedGemma.Bench.Kernels;
using ManagedGemma.Bench.Ltx;
using ManagedGemma.Bench.Results;
using ManagedGemma.Bench.Roofline;
using ManagedGemma.Bench.Slice;
using ManagedGemma.Bench.Team;

Option<int> layersOption = BenchOptions.Layers();
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
    BenchmarkSwitcher
        .FromTypes([typeof(Int4Benchmarks), typeof(FloatBenchmarks), typeof(RowBenchmarks)])
        .Run(forward.Length > 0 ? forward : ["--filter", "*"]);
});

Option<int[]> threadsOption = BenchOptions.Threads();
Command team = new("team", "what starting and joining a job costs, in µs") { threadsOption };
team.SetAction(parsed =>
{
    foreach (int threads in parsed.GetValue(threadsOption)!)
    {
        Console.WriteLine($"{threads} threads: {TeamRun.Microseconds(threads):0.00} µs a job");
    }
});

RootCommand root = new("ManagedGemma's benches. Every figure stands next to the machine's limit, measured in the same run.")
{
    new RooflineCommand(), new SliceCommand(), new LtxCommand(), new CaptionsCommand(), new GenerateCommand(), kernels, team, synthetic, new ResultsCommand(), new ReadmeCommand(),
};
return root.Parse(args).Invoke();
