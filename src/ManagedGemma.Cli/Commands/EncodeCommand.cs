using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using ManagedGemma.Checkpoints;
using ManagedGemma.Cli.Hosting;
using ManagedGemma.Cli.Input;
using ManagedGemma.Cli.Options;
using ManagedGemma.Cli.Output;
using ManagedGemma.Cli.Terminal;
using ManagedGemma.Conditioning;
using ManagedGemma.Model;

namespace ManagedGemma.Cli.Commands;

/// <summary><c>encode</c>: a prompt to a file of features.</summary>
internal sealed class EncodeCommand : Command
{
    // Eight contexts of the 12b: a bound so that a slip of the finger does not fill the disk with padding.
    private const int LongestOutput = 1 << 20;

    private readonly PromptOptions _prompt = new();
    private readonly ModelOption _model = new();

    private readonly Option<string> _output = new("--output", "-o")
    {
        Description = "The safetensors file to write; it appears whole or not at all.",
        HelpName = "FILE",
        Required = true,
    };

    private readonly ChoiceOption<Profile> _profile = new(
        "--profile", "Whose conditioning: LTX's own, or car-inference 0.14.0's.", ("ltx", Profile.Ltx), ("car", Profile.Car));

    private readonly ChoiceOption<Precision> _precision = new(
        "--precision",
        "Of matrix products: precise errs by about 1e-4, fast by 1e-2 in half the time, float32 is the yardstick.",
        ("precise", Precision.Precise),
        ("fast", Precision.Fast),
        ("float32", Precision.Float32));

    private readonly ChoiceOption<FeatureVersion> _features = new(
        "--features", "v2 for LTX-2.3, v1 for LTX-2.0.", ("v2", FeatureVersion.V2), ("v1", FeatureVersion.V1));

    private readonly ChoiceOption<ElementType> _type = new(
        "--dtype", "The type of features and hidden states.", ("f32", ElementType.F32), ("bf16", ElementType.BF16), ("f16", ElementType.F16));

    private readonly ChoiceOption<Padding> _pad = new(
        "--pad", "left: zero rows in front, up to the maximal length. none: the prompt's rows only.", ("left", Padding.Left), ("none", Padding.None));

    private readonly CountOption _maxLength = new(
        "--max-length", "Tokens kept, and rows of padded outputs.", LongestOutput, EncodeOptions.DefaultMaxLength);

    private readonly Option<bool> _hiddenStates = new("--hidden-states") { Description = "Write the hidden states too: [layers + 1, T, D]." };
    private readonly CountOption _threads = new("--threads", "Threads that compute. Default: all that the process may use.", 1024, null);
    private readonly Option<bool> _json = new("--json") { Description = "Print one JSON object about the run to standard output." };
    private readonly Option<bool> _quiet = new("--quiet", "-q") { Description = "Say nothing but warnings and errors." };

    public EncodeCommand(Host host, Interrupt interrupt)
        : base("encode", "Encode a prompt and write its features to a safetensors file.")
    {
        _prompt.AddTo(this);
        foreach (Option option in new Option[]
        {
            _output, _model, _profile, _precision, _features, _type, _pad, _maxLength, _hiddenStates, _threads, _json, _quiet,
        })
        {
            Add(option);
        }

        SetAction(parse => Run(parse, host, interrupt));
    }

    private int Run(ParseResult parse, Host host, Interrupt interrupt)
    {
        string output = parse.GetValue(_output)!;
        if (output is "-" or "")
        {
            throw new UsageException("--output takes a file: it is put in place when it is complete, which standard output cannot be");
        }

        Screen screen = new(host, parse.GetValue(_quiet));
        EncodeOptions options = new()
        {
            Profile = _profile.In(parse),
            Precision = _precision.In(parse),
            Features = _features.In(parse),
            MaxLength = parse.GetValue(_maxLength)!.Value,
            Padding = _pad.In(parse),
        };
        ModelSource source = _model.Find(parse);
        Prompt prompt = _prompt.Read(parse, host);
        Stopwatch watch = Stopwatch.StartNew();
        using GemmaTextEncoder encoder = source.Load(new GemmaModelOptions { Threads = parse.GetValue(_threads) });
        TimeSpan load = watch.Elapsed;
        if (encoder.Model.Checkpoint.IsDemo)
        {
            DemoNotice.ForWeights(screen);
        }

        if (encoder.Model.Checkpoint is { IsConfigAssumed: true, ConfigOrigin: { } origin })
        {
            screen.Warn($"there is no config.json: sizes are taken from {origin} and may not be this model's");
        }

        RefuseOwnFiles(encoder.Model.Checkpoint, output);
        interrupt.Token.ThrowIfCancellationRequested();
        watch.Restart();
        PromptTokens tokens = prompt.Ids is { } ids
            ? new PromptTokens([.. ids.Take(options.MaxLength)], ids.Length)
            : encoder.Tokenize(prompt.Text!, options);
        TimeSpan tokenize = watch.Elapsed;
        if (tokens.Truncated > 0)
        {
            screen.Warn($"the prompt has {tokens.TotalCount} tokens, {tokens.Truncated} more than --max-length {options.MaxLength}: the end was cut off");
        }

        GemmaConfig config = encoder.Model.Config;
        int length = options.Padding == Padding.Left ? options.MaxLength : tokens.Ids.Count;
        FeatureFileShape shape = new(length, config.LayerCount, config.HiddenSize, _type.In(parse), parse.GetValue(_hiddenStates));
        watch.Restart();
        using FeatureFile file = FeatureFile.Create(output, shape, Metadata(parse, source, tokens));
        interrupt.WhenGivenUp(() =>
        {
            file.Dispose();
            screen.RestoreCursor();
        });
        TimeSpan write = watch.Elapsed;

        watch.Restart();
        PromptFeatures features = LayerProgressView.Run(
            screen, config.LayerCount, progress => encoder.Encode(tokens, options, file.HiddenStates, progress, interrupt.Token));
        TimeSpan states = file.HiddenStates?.Elapsed ?? TimeSpan.Zero;
        TimeSpan encode = watch.Elapsed - states;

        watch.Restart();
        file.Complete(features, interrupt.Token);
        write += watch.Elapsed + states;
        MemoryUse memory = MemoryUse.Now();
        WarnOfValues(screen, file, shape.ElementType);

        EncodeReport report = new()
        {
            Output = output,
            OutputBytes = file.ByteLength,
            Model = source.Name,
            ModelOrigin = source.OriginText,
            IsDemo = encoder.Model.Checkpoint.IsDemo,
            Profile = _profile.WordIn(parse),
            Precision = _precision.WordIn(parse),
            Features = _features.WordIn(parse),
            Dtype = _type.WordIn(parse),
            Threads = encoder.Model.Threads,
            Tokens = tokens.Ids.Count,
            TruncatedTokens = tokens.Truncated,
            Length = length,
            Width = features.Width,
            LoadSeconds = load.TotalSeconds,
            TokenizeSeconds = tokenize.TotalSeconds,
            EncodeSeconds = encode.TotalSeconds,
            WriteSeconds = write.TotalSeconds,
            TokensPerSecond = tokens.Ids.Count / encode.TotalSeconds,
            PeakMemoryBytes = memory.Peak,
            PrivateMemoryBytes = memory.Private,
            Warnings = screen.Warnings,
        };
        screen.Show(Summary(report));
        if (parse.GetValue(_json))
        {
            ReportJson.Print(host.Out, report, ReportJson.Default.EncodeReport);
        }

        return ExitCode.Done;
    }

    private static Section Summary(EncodeReport report)
    {
        string tokens = Amount.Count(report.Tokens);
        string cut = report.TruncatedTokens > 0 ? $", {Amount.Count(report.TruncatedTokens)} more cut off" : string.Empty;
        string rows = report.Length > report.Tokens ? $" in {Amount.Count(report.Length)} rows, padded in front" : string.Empty;
        string alone = report.PrivateMemoryBytes is { } bytes ? $", {Amount.Bytes(bytes)} without the mapped weights" : string.Empty;
        return Section.Of(
            string.Empty,
            ("model", $"{report.Model} ({report.ModelOrigin})"),
            ("tokens", tokens + cut + rows),
            ("load", Amount.Seconds(report.LoadSeconds)),
            ("tokenise", Amount.Seconds(report.TokenizeSeconds)),
            ("encode", $"{Amount.Seconds(report.EncodeSeconds)}, {Amount.Rate(report.TokensPerSecond)} tokens/s on {report.Threads} threads"),
            ("write", Amount.Seconds(report.WriteSeconds)),
            ("memory", $"{Amount.Bytes(report.PeakMemoryBytes)} at most{alone}"),
            ("output", $"{report.Output}, {Amount.Bytes(report.OutputBytes)}"));
    }

    private static void WarnOfValues(Screen screen, FeatureFile file, ElementType type)
    {
        if (file.NonFiniteRows > 0)
        {
            screen.Warn($"{file.NonFiniteRows} rows of the output have values that are not finite numbers");
        }

        if (file.OverflowedRows > 0)
        {
            screen.Warn($"{file.OverflowedRows} rows of the output have values beyond {type}'s range, written as infinity; --dtype bf16 or f32 holds them");
        }
    }

    private static void RefuseOwnFiles(GemmaCheckpoint checkpoint, string output)
    {
        string target = Path.GetFullPath(output);
        if (!checkpoint.IsDemo && checkpoint.Files.Any(x => Path.GetFullPath(x) == target))
        {
            throw new GemmaException("the output is one of the model's own files", output);
        }
    }

    private Dictionary<string, string> Metadata(ParseResult parse, ModelSource source, PromptTokens tokens) => new()
    {
        ["format_version"] = "1",
        ["managed_gemma_version"] = ToolVersion.Current,
        ["model"] = source.Name,
        ["profile"] = _profile.WordIn(parse),
        ["precision"] = _precision.WordIn(parse),
        ["features_version"] = _features.WordIn(parse),
        ["padding"] = _pad.WordIn(parse),
        ["token_count"] = tokens.Ids.Count.ToString(CultureInfo.InvariantCulture),
        ["truncated_count"] = tokens.Truncated.ToString(CultureInfo.InvariantCulture),
    };
}
