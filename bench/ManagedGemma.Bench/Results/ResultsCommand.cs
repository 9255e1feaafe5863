using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;

namespace ManagedGemma.Bench.Results;

/// <summary>
/// <c>results</c>: runs the benches that figures are published of, each in a process of its own and several times, and stores for each
/// case the run with the median rate (of limits the best).
/// </summary>
internal sealed class ResultsCommand : Command
{
    private const string Roofline = "roofline", Slice = "slice", OnnxRuntime = "onnxruntime";

    /// <summary>What can be run alone.</summary>
    public static readonly string[] Parts = [Roofline, Slice, OnnxRuntime];

    // What tells cases apart.
    private static readonly string[] Keys = ["name", "case", "precision", "threads", "tokens", "columns", "rows"];

    // From here on a pass takes seconds: once a round is enough.
    private const int LongPrompt = 512;

    private readonly Option<string[]> _parts = BenchOptions.Words("--parts", "what to run; the stored results of other parts stay", Parts);
    private readonly Option<int> _rounds = new("--rounds") { Description = "times that everything is run", DefaultValueFactory = _ => 3 };
    private readonly Option<int[]> _tokens = BenchOptions.Numbers("--tokens", "prompt lengths of the slice", 8, 16, 128, 1024);
    private readonly Option<int> _layers = BenchOptions.Layers();
    private readonly Option<string?> _name = new("--name") { Description = "what to call the kind of CPU; else as its family and model say" };
    private readonly Option<string> _bench = new("--bench") { Description = "the folder bench/ of the repository", Required = true };

    public ResultsCommand()
        : base("results", "roofline, slice and onnxruntime, several rounds; the medians go to bench/results/<cpu>.jsonl")
    {
        foreach (Option option in new Option[] { _parts, _rounds, _tokens, _layers, _name, _bench })
        {
            Add(option);
        }

        _parts.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<string[]>()!.FirstOrDefault(part => !Parts.Contains(part)) is { } unknown)
            {
                result.AddError($"no part '{unknown}'; there are {string.Join(", ", Parts)}");
            }
        });
        SetAction(Run);
    }

    private void Run(ParseResult parsed)
    {
        string bench = parsed.GetValue(_bench)!;
        int rounds = parsed.GetValue(_rounds);
        string layers = parsed.GetValue(_layers).ToString(CultureInfo.InvariantCulture);
        ILookup<bool, int> tokens = parsed.GetValue(_tokens)!.ToLookup(count => count >= LongPrompt);
        string here = typeof(ResultsCommand).Assembly.Location;
        string onnx = Path.Combine(bench, "ManagedGemma.Bench.OnnxRuntime", "bin", "Release", "net10.0", "ManagedGemma.Bench.OnnxRuntime.dll");
        Machine machine = Machine.This(parsed.GetValue(_name));
        string directory = Path.Combine(bench, "results");

        // Made before anything is timed.
        SyntheticModels.Get(parsed.GetValue(_layers));
        foreach (string part in Parts.Intersect(parsed.GetValue(_parts)!))
        {
            List<JsonObject> lines = [];
            for (int round = 0; round < rounds; round++)
            {
                Console.Error.WriteLine($"{part}, round {round + 1} of {rounds}");
                switch (part)
                {
                    case Roofline:
                        lines.AddRange(Start(here, "roofline"));
                        break;
                    case Slice:
                        lines.AddRange(tokens[false].Any() ? Start(here, "slice", "--layers", layers, "--tokens", Join(tokens[false])) : []);
                        lines.AddRange(
                            tokens[true].Any()
                                ? Start(here, "slice", "--layers", layers, "--tokens", Join(tokens[true]), "--repeats", "1", "--decode-steps", "0")
                                : []);
                        break;
                    default:
                        lines.AddRange(Start(onnx, "--rounds", "1"));
                        break;
                }
            }

            ResultsFile.Store(directory, machine, part, lines.GroupBy(KeyOf).Select(runs => Chosen(part, [.. runs])).Select(line => line.ToJsonString()));
        }

        Console.WriteLine(Path.Combine(directory, machine.Cpu + ".jsonl"));
    }

    private static string KeyOf(JsonObject line) => string.Join('|', Keys.Select(key => line[key]?.ToJsonString()));

    private static JsonObject Chosen(string part, JsonObject[] runs)
    {
        string rate = part switch { Roofline => "value", Slice => "tokens_per_s", _ => "ratio" };
        JsonObject[] slowestFirst = [.. runs.OrderBy(line => line[rate]!.GetValue<double>())];
        return part == Roofline ? slowestFirst[^1] : slowestFirst[slowestFirst.Length / 2];
    }

    private static string Join(IEnumerable<int> numbers) => string.Join(',', numbers);

    // Runs a bench and returns its lines; what it says besides is shown.
    private static List<JsonObject> Start(string program, params string[] arguments)
    {
        ProcessStartInfo start = new(Environment.ProcessPath!) { RedirectStandardOutput = true };
        start.ArgumentList.Add(program);
        Array.ForEach(arguments, start.ArgumentList.Add);
        using Process process = Process.Start(start)!;
        List<JsonObject> lines = [];
        while (process.StandardOutput.ReadLine() is { } line)
        {
            Console.Error.WriteLine(line);
            lines.Add(JsonNode.Parse(line)!.AsObject());
        }

        process.WaitForExit();
        return process.ExitCode == 0
            ? lines
            : throw new InvalidOperationException($"{Path.GetFileName(program)} {string.Join(' ', arguments)} ended with {process.ExitCode}.");
    }
}
