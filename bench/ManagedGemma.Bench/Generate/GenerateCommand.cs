using System.CommandLine;
using System.Text.Json;
using ManagedGemma.Bench.Roofline;
using ManagedGemma.Generation;
using ManagedGemma.Model;
using ManagedGemma.Tokenization;

namespace ManagedGemma.Bench.Generate;

/// <summary><c>generate</c>: decoding with the head, alone and together; time to the first token; prompt lookup.</summary>
internal sealed class GenerateCommand : Command
{
    private readonly Option<int[]> _threads = BenchOptions.Threads();
    private readonly Option<int[]> _sequences = BenchOptions.Numbers("--sequences", "sequences at once, e.g. 1,4,16", 1, 4, 16);
    private readonly Option<string[]> _precision = BenchOptions.Words("--precision", "fast, precise, float32", "precise", "fast");
    private readonly Option<int> _layers = new("--layers") { Description = "layers of the synthetic 12b (48: 6.6 GB on the disk)", DefaultValueFactory = _ => 48 };
    private readonly Option<int> _steps = new("--steps") { Description = "tokens of each sequence, of which the median is shown", DefaultValueFactory = _ => 20 };
    private readonly Option<int> _prompt = new("--prompt") { Description = "tokens of the prompt", DefaultValueFactory = _ => 128 };
    private readonly Option<string?> _model = new("--model") { Description = "a checkpoint instead of the synthetic 12b" };
    private readonly Option<string?> _lookup = new("--lookup") { Description = "a real checkpoint with its tokenizer: prompt lookup on a rewriting task and on free text, and nothing else" };

    public GenerateCommand()
        : base("generate", "text of the synthetic 12b: decode with its head, first token with and without a prefix; a JSON line a case")
    {
        foreach (Option option in new Option[] { _threads, _sequences, _precision, _layers, _steps, _prompt, _model, _lookup })
        {
            Add(option);
        }

        SetAction(Run);
    }

    private void Run(ParseResult parsed)
    {
        Precision[] precisions = [.. parsed.GetValue(_precision)!.Select(name => Enum.Parse<Precision>(name, ignoreCase: true))];
        foreach (int threads in parsed.GetValue(_threads)!)
        {
            if (parsed.GetValue(_lookup) is { } real)
            {
                using GemmaTextGenerator generator = GemmaTextGenerator.Load(real, new GemmaModelOptions { Threads = threads });
                precisions.SelectMany(precision => LookupRun.All(generator, precision, threads)).ToList().ForEach(Show);
                continue;
            }

            string path = parsed.GetValue(_model) ?? SyntheticModels.Get(parsed.GetValue(_layers));
            using GemmaModel model = GemmaModel.Load(path, new GemmaModelOptions { Threads = threads });
            foreach (Precision precision in precisions)
            {
                using LimitMeter? memory = Limits.Meter("memory", threads);
                foreach (int sequences in parsed.GetValue(_sequences)!)
                {
                    Show(DecodeRun.Decode(model, precision, threads, sequences, parsed.GetValue(_prompt), memory, parsed.GetValue(_steps)));
                }

                using GemmaTextGenerator generator = new(model, new ByteTokenizer(), new GeneratorOptions { LeaveModelOpen = true });
                FirstTokenRun.All(generator, precision, threads, parsed.GetValue(_prompt)).ToList().ForEach(Show);
            }
        }
    }

    private static void Show(GenerateLine line) => Console.WriteLine(JsonSerializer.Serialize(line, GenerateJson.Default.GenerateLine));
}
