using System.CommandLine;
using System.Diagnostics;
using ManagedGemma.Checkpoints;
using ManagedGemma.Cli.Hosting;
using ManagedGemma.Cli.Options;
using ManagedGemma.Cli.Output;
using ManagedGemma.Cli.Terminal;
using ManagedGemma.Conversion;

namespace ManagedGemma.Cli.Commands;

/// <summary><c>quantize</c>: a dense checkpoint to a quantised one in MLX's layout.</summary>
internal sealed class QuantizeCommand : Command
{
    private const int MostListed = 4;

    private readonly Argument<string> _source = new("source")
    {
        Description = "The checkpoint: a directory, a .gguf or .safetensors file, or owner/name[@revision] in the Hugging Face cache.",
        HelpName = "SOURCE",
    };

    private readonly Argument<string> _destination = new("destination")
    {
        Description = "The directory to make; it appears whole or not at all.",
        HelpName = "DESTINATION",
    };

    private readonly ChoiceOption<QuantizationMode> _mode = new(
        "--mode",
        "What the bits mean: affine has a scale and a bias a group, the others are small floats with a scale.",
        ("affine", QuantizationMode.Affine),
        ("mxfp4", QuantizationMode.MxFp4),
        ("mxfp8", QuantizationMode.MxFp8),
        ("nvfp4", QuantizationMode.NvFp4));

    private readonly CountOption _bits = new("--bits", "Bits a weight: 2, 3, 4, 5, 6 or 8. Default: 4, in mxfp8 8.", 8, null);
    private readonly CountOption _groupSize = new(
        "--group-size", "Weights that share a scale: 32, 64 or 128. Default: 64, in mxfp4 and mxfp8 32, in nvfp4 16.", 128, null);

    private readonly ChoiceOption<ElementType?> _type = new(
        "--dtype",
        "The type of norms, scales and what stays dense. Default: as in the source; of a GGUF file bf16.",
        ("source", null),
        ("bf16", ElementType.BF16),
        ("f16", ElementType.F16),
        ("f32", ElementType.F32));

    private readonly Option<bool> _requantize = new("--allow-requantize")
    {
        Description = "Take a source that is quantised already; its error adds to the new one's.",
    };

    private readonly Option<bool> _overwrite = new("--overwrite") { Description = "Replace the destination if it is a checkpoint and nothing else." };
    private readonly CountOption _threads = CommonOptions.Threads();
    private readonly Option<bool> _json = new("--json") { Description = "Print one JSON object about the run to standard output." };
    private readonly Option<bool> _quiet = CommonOptions.Quiet();

    public QuantizeCommand(Host host, Interrupt interrupt)
        : base("quantize", "Make a quantised checkpoint in MLX's layout, as mlx-lm makes it.")
    {
        Add(_source);
        Add(_destination);
        foreach (Option option in new Option[] { _mode, _bits, _groupSize, _type, _requantize, _overwrite, _threads, _json, _quiet })
        {
            Add(option);
        }

        SetAction(parse => Run(parse, host, interrupt));
    }

    private int Run(ParseResult parse, Host host, Interrupt interrupt)
    {
        string source = parse.GetRequiredValue(_source);
        string destination = parse.GetRequiredValue(_destination);
        if (UsageErrors.UnknownOption(parse, [source, destination]) is { } unknown)
        {
            throw new UsageException($"{unknown}; a path that begins with a dash goes after --");
        }

        if (source.Length == 0 || destination.Length == 0)
        {
            throw new UsageException("SOURCE and DESTINATION are paths, not empty texts");
        }

        QuantizationScheme scheme = Scheme(parse);
        Screen screen = new(host, parse.GetValue(_quiet));
        QuantizerOptions options = new()
        {
            ElementType = _type.In(parse),
            AllowRequantize = parse.GetValue(_requantize),
            Overwrite = parse.GetValue(_overwrite),
            Threads = parse.GetValue(_threads),
        };
        Stopwatch watch = Stopwatch.StartNew();
        using GemmaCheckpoint checkpoint = GemmaCheckpoint.Open(ModelPath.Resolve(source));
        using CheckpointQuantizer quantizer = CheckpointQuantizer.Create(checkpoint, destination, scheme, options);
        interrupt.WhenGivenUp(() =>
        {
            quantizer.Dispose();
            screen.RestoreCursor();
        });
        Warn(screen, checkpoint, quantizer, scheme);
        WorkProgressView.Run(
            screen,
            Show(new QuantizationProgress(string.Empty, 0, quantizer.OutputBytes)),
            (QuantizationProgress progress) => Show(progress),
            progress =>
            {
                quantizer.Run(progress, interrupt.Token);
                return true;
            });
        MemoryUse memory = MemoryUse.Now();
        QuantizeReport report = new()
        {
            Source = source,
            Destination = destination,
            Mode = _mode.WordIn(parse),
            Bits = scheme.Bits,
            GroupSize = scheme.GroupSize,
            Threads = quantizer.Threads,
            Parameters = quantizer.Parameters,
            SourceBytes = quantizer.SourceBytes,
            LeftOutBytes = Math.Max(0, checkpoint.TotalBytes - quantizer.SourceBytes),
            OutputBytes = quantizer.OutputBytes,
            BitsPerWeight = 8.0 * quantizer.OutputBytes / quantizer.Parameters,
            WeightFiles = quantizer.FileCount,
            DenseModules = quantizer.DenseModules,
            CopiedFiles = quantizer.CopiedFiles,
            Seconds = watch.Elapsed.TotalSeconds,
            PeakMemoryBytes = memory.Peak,
            PrivateMemoryBytes = memory.Private,
            Warnings = screen.Warnings,
        };
        screen.Show(Summary(report, scheme));
        if (parse.GetValue(_json))
        {
            ReportJson.Print(host.Out, report, ReportJson.Default.QuantizeReport);
        }

        return ExitCode.Done;
    }

    private static WorkProgress Show(QuantizationProgress progress) =>
        new(progress.DoneBytes, progress.TotalBytes, $"{Amount.Bytes(progress.DoneBytes)} of {Amount.Bytes(progress.TotalBytes)}");

    private static void Warn(Screen screen, GemmaCheckpoint checkpoint, CheckpointQuantizer quantizer, QuantizationScheme scheme)
    {
        if (checkpoint.IsConfigAssumed)
        {
            screen.Warn($"there is no config.json: sizes are taken from {checkpoint.ConfigOrigin} and may not be this model's");
        }

        if (quantizer.DenseModules.Count > 0)
        {
            string names = string.Join(", ", quantizer.DenseModules.Take(MostListed));
            string more = quantizer.DenseModules.Count > MostListed ? ", …" : string.Empty;
            screen.Warn($"{quantizer.DenseModules.Count} matrices stay dense, since groups of {scheme.GroupSize} do not divide their width: {names}{more}");
        }

        if (!quantizer.CopiedFiles.Any(x => x.StartsWith("tokenizer.", StringComparison.Ordinal)))
        {
            screen.Warn(checkpoint.EmbeddedTokenizer is null
                ? "there is no tokenizer beside the source's weights to copy"
                : "the tokenizer inside the source's weights is not carried over: put the model's tokenizer.json beside the output's");
        }
    }

    private static Section Summary(QuantizeReport report, QuantizationScheme scheme)
    {
        string rate = Amount.Bytes((long)(report.SourceBytes / Math.Max(report.Seconds, 1e-3)));
        List<(string, string)> facts =
        [
            ("source", $"{report.Source}, {Amount.Bytes(report.SourceBytes)}, {Amount.Count(report.Parameters)} parameters"),
            ("scheme", $"{scheme}, {report.BitsPerWeight.ToString("0.000", System.Globalization.CultureInfo.InvariantCulture)} bits a weight"),
        ];
        if (report.LeftOutBytes > 0)
        {
            facts.Add(("left out", $"{Amount.Bytes(report.LeftOutBytes)} that the decoder does not read"));
        }

        facts.AddRange(
        [
            ("copied", report.CopiedFiles.Count > 0 ? string.Join(", ", report.CopiedFiles) : "nothing"),
            ("time", $"{Amount.Seconds(report.Seconds)}, {rate} of the source a second on {report.Threads} threads"),
            ("memory", report.PrivateMemoryBytes is { } bytes ? $"{Amount.Bytes(bytes)} without the mapped source" : Amount.Bytes(report.PeakMemoryBytes)),
            ("output", $"{report.Destination}, {Amount.Bytes(report.OutputBytes)} in {report.WeightFiles} {(report.WeightFiles == 1 ? "file" : "files")}"),
        ]);
        return Section.Of(string.Empty, facts);
    }

    private QuantizationScheme Scheme(ParseResult parse)
    {
        QuantizationScheme usual = QuantizationScheme.Default(_mode.In(parse));
        int bits = parse.GetValue(_bits) ?? usual.Bits, group = parse.GetValue(_groupSize) ?? usual.GroupSize;
        QuantizationScheme scheme = usual with { Bits = bits, GroupSize = group };
        if (scheme.IsSupported)
        {
            return scheme;
        }

        if (usual.Mode != QuantizationMode.Affine)
        {
            throw new UsageException($"--mode {_mode.WordIn(parse)} has {usual.Bits} bits in groups of {usual.GroupSize}; leave --bits and --group-size out");
        }

        throw (usual with { Bits = bits }).IsSupported
            ? new UsageException($"--group-size takes 32, 64 or 128, not {group}")
            : new UsageException($"--bits takes 2, 3, 4, 5, 6 or 8, not {bits}");
    }
}
