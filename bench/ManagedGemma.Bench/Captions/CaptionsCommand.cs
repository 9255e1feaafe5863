using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using ManagedGemma.Bench.Roofline;
using ManagedGemma.Bench.Slice;
using ManagedGemma.Conditioning;
using ManagedGemma.Ltx;
using ManagedGemma.Model;

namespace ManagedGemma.Bench.Captions;

/// <summary>
/// <c>captions</c>: short captions to LTX embeddings, in one run, one by one, and in a process each. The encoder is the synthetic 12b, the
/// LTX checkpoint has 2.3's shapes for as many layers.
/// </summary>
internal sealed class CaptionsCommand : Command
{
    // What the 12b's passes hold; the slice's fewer states would let more in.
    private const int PassTokens = 278;

    // Both ways take turns, so that they see the same machine.
    private const int RoundCaptions = 50;

    private readonly Option<int[]> _threads = BenchOptions.Threads();
    private readonly Option<string[]> _precision = BenchOptions.Words("--precision", "fast, precise, float32", "precise");
    private readonly Option<int> _layers = BenchOptions.Layers();
    private readonly Option<int> _captions = new("--captions") { Description = "captions of 14 to 26 tokens", DefaultValueFactory = _ => 200 };
    private readonly Option<int> _processes = new("--processes") { Description = "captions that get a process each", DefaultValueFactory = _ => 10 };

    private readonly Option<int> _length = new("--connect")
    {
        Description = "run the connectors too, over so many slots (a multiple of 128); 0: stop before them, where trainers' files do",
        DefaultValueFactory = _ => 0,
    };

    // How this program starts itself.
    private readonly Option<int?> _one = new("--one") { Description = "do this caption alone", Hidden = true };

    public CaptionsCommand()
        : base("captions", "many short captions: one run against one by one and against processes; a JSON line a case")
    {
        foreach (Option option in new Option[] { _threads, _precision, _layers, _captions, _processes, _length, _one })
        {
            Add(option);
        }

        SetAction(Run);
    }

    private void Run(ParseResult parsed)
    {
        int layers = parsed.GetValue(_layers), connected = parsed.GetValue(_length);
        foreach (int threads in parsed.GetValue(_threads)!)
        {
            foreach (Precision precision in parsed.GetValue(_precision)!.Select(name => Enum.Parse<Precision>(name, ignoreCase: true)))
            {
                LtxOptions options = new() { Precision = precision, BatchTokens = PassTokens, Length = connected > 0 ? connected : EncodeOptions.DefaultMaxLength };
                if (parsed.GetValue(_one) is { } one)
                {
                    using Loaded alone = new(layers, threads);
                    alone.Run([Prompt(one)], options, connected > 0);
                    continue;
                }

                Console.WriteLine(JsonSerializer.Serialize(
                    Measure(layers, threads, options, connected, parsed.GetValue(_captions), parsed.GetValue(_processes)), BenchJson.Default.CaptionsLine));
            }
        }
    }

    private static CaptionsLine Measure(int layers, int threads, LtxOptions options, int connected, int captions, int processes)
    {
        PromptTokens[] prompts = [.. Enumerable.Range(0, captions).Select(Prompt)];
        using Loaded loaded = new(layers, threads);
        double limit = MemoryLimit(threads);

        // The first pass brings the files into memory and the code to its best.
        loaded.Run(prompts[..Math.Min(captions, 20)], options, connected > 0);
        loaded.Run(prompts[..1], options, connected > 0);
        Stopwatch together = new(), alone = new();
        foreach (PromptTokens[] round in prompts.Chunk(RoundCaptions))
        {
            together.Start();
            loaded.Run(round, options, connected > 0);
            together.Stop();
            alone.Start();
            foreach (PromptTokens prompt in round)
            {
                loaded.Run([prompt], options, connected > 0);
            }

            alone.Stop();
        }

        double inOneRun = captions / together.Elapsed.TotalSeconds, oneByOne = captions / alone.Elapsed.TotalSeconds;
        double apart = processes > 0 ? Processes(layers, threads, options, connected, processes) : 0;
        double weights = loaded.WeightBytes(connected > 0) / 1e9;
        return new CaptionsLine(
            options.Precision.ToString().ToLowerInvariant(),
            threads,
            layers,
            captions,
            prompts.Sum(prompt => (long)prompt.Ids.Count),
            connected,
            Math.Round(inOneRun, 3),
            Math.Round(oneByOne, 3),
            Math.Round(apart, 3),
            processes,
            Math.Round(inOneRun / oneByOne, 2),
            apart > 0 ? Math.Round(inOneRun / apart, 2) : 0,
            Math.Round(weights, 3),
            Math.Round(limit, 2),
            Math.Round(limit / weights, 3));
    }

    private static double MemoryLimit(int threads)
    {
        using LimitMeter? meter = Limits.Meter("memory", threads);
        return meter?.Best().Value ?? 0;
    }

    // Start, load, condition, end: what a script that calls a tool for every caption pays.
    private static double Processes(int layers, int threads, LtxOptions options, int connected, int count)
    {
        Stopwatch watch = Stopwatch.StartNew();
        for (int i = 0; i < count; i++)
        {
            string[] numbers = [.. new[] { layers, threads, connected, i }.Select(x => x.ToString(CultureInfo.InvariantCulture))];
            using Process process = Process.Start(
                Environment.ProcessPath!,
                [
                    typeof(CaptionsCommand).Assembly.Location, "captions", "--layers", numbers[0], "--threads", numbers[1], "--connect", numbers[2],
                    "--one", numbers[3], "--precision", options.Precision.ToString(),
                ]);
            process.WaitForExit();
            if (process.ExitCode != 0)
            {
                throw new InvalidOperationException($"A process ended with {process.ExitCode}.");
            }
        }

        return count / watch.Elapsed.TotalSeconds;
    }

    // Any words do: 20 tokens on average, BOS included, from a generator that gives the same to every process.
    private static PromptTokens Prompt(int index)
    {
        uint state = (uint)index + 1;
        int Next(int most)
        {
            state = (state * 1664525) + 1013904223;
            return (int)((state >> 8) % (uint)most);
        }

        int count = 14 + Next(13);
        return new PromptTokens([2, .. Enumerable.Range(1, count - 1).Select(_ => 1000 + Next(200_000))], count);
    }

    private sealed class Loaded : IDisposable
    {
        private readonly GemmaTextEncoder _encoder;
        private readonly LtxTextConditioner _conditioner;

        public Loaded(int layers, int threads)
        {
            string model = SyntheticModels.Get(layers);
            string ltx = Path.Combine(Path.GetDirectoryName(model)!, $"ltx-2.3-layers-{layers}.safetensors");
            if (!File.Exists(ltx))
            {
                HollowFiles.Ltx23(ltx, layers + 1);
            }

            _encoder = GemmaTextEncoder.Load(model, new GemmaModelOptions { Threads = threads });
            _conditioner = LtxTextConditioner.Load(_encoder, ltx);
        }

        public void Run(IReadOnlyList<PromptTokens> prompts, LtxOptions options, bool connects)
        {
            foreach (LtxProjection projection in _conditioner.ProjectMany(prompts, options))
            {
                if (connects)
                {
                    _conditioner.Connect(projection);
                }
            }
        }

        // The decoder's layers, the projection, the connectors; of the embedding only a few rows are read.
        public long WeightBytes(bool connects) =>
            _encoder.Model.Checkpoint.Tensors
                .Where(tensor => _encoder.Model.Checkpoint.ModuleOf(tensor)?.StartsWith("layers.", StringComparison.Ordinal) == true)
                .Sum(tensor => tensor.ByteLength)
            + _conditioner.Checkpoint.TextTensors
                .Where(tensor => connects || tensor.Name.StartsWith("text_embedding_projection.", StringComparison.Ordinal))
                .Sum(tensor => tensor.ByteLength);

        public void Dispose()
        {
            _conditioner.Dispose();
            _encoder.Dispose();
        }
    }
}
