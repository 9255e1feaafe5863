using System.CommandLine;
using System.Text.Json;
using ManagedGemma.Bench.OnnxRuntime;
using ManagedGemma.Model;

Option<int[]> threadsOption = Numbers("--threads", "threads, e.g. 1,2", [1, 2]);
Option<int[]> tokensOption = Numbers("--tokens", "tokens at once, e.g. 1,128", [1, 8, 128]);
Option<string[]> precisionOption = new("--precision")
{
    Description = "ours: fast, precise",
    CustomParser = result => result.Tokens[0].Value.Split(','),
    DefaultValueFactory = _ => ["fast", "precise"],
};
Option<int> roundsOption = new("--rounds") { Description = "turns of each side, of which the median run is shown", DefaultValueFactory = _ => 3 };
Option<double> secondsOption = new("--seconds") { Description = "length of a turn", DefaultValueFactory = _ => 0.2 };
RootCommand root = new(
    "ONNX Runtime's MatMulNBits (4 bit, block 64, accuracy_level 4: 8-bit activations) beside our kernels, on the same weights: a JSON line a case.")
{
    threadsOption, tokensOption, precisionOption, roundsOption, secondsOption,
};
root.SetAction(parsed =>
{
    Precision[] precisions = [.. parsed.GetValue(precisionOption)!.Select(name => Enum.Parse<Precision>(name, ignoreCase: true))];
    Dictionary<(int Columns, int Rows), AffineMatrix[]> weights = [];
    foreach (int threads in parsed.GetValue(threadsOption)!)
    {
        foreach ((int columns, int rows) in Case.Shapes)
        {
            foreach (int tokens in parsed.GetValue(tokensOption)!)
            {
                Case shape = new(columns, rows, tokens, threads);
                if (!weights.TryGetValue((columns, rows), out AffineMatrix[]? matrices))
                {
                    matrices = [.. Enumerable.Range(0, shape.Matrices).Select(i => new AffineMatrix(i, rows, columns))];
                    weights.Add((columns, rows), matrices);
                }

                foreach (ComparisonLine line in Comparison.Run(shape, matrices, precisions, parsed.GetValue(roundsOption), parsed.GetValue(secondsOption)))
                {
                    Console.WriteLine(JsonSerializer.Serialize(line, ComparisonJson.Default.ComparisonLine));
                }
            }
        }
    }
});
return root.Parse(args).Invoke();

static Option<int[]> Numbers(string name, string description, int[] ifAbsent) => new(name)
{
    Description = description,
    CustomParser = result => [.. result.Tokens[0].Value.Split(',').Select(int.Parse)],
    DefaultValueFactory = _ => ifAbsent,
};
