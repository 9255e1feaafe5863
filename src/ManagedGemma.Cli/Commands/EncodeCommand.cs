using System.CommandLine;
using ManagedGemma.Caching;
using ManagedGemma.Cli.Commands.Encode;
using ManagedGemma.Cli.Commands.Enhance;
using ManagedGemma.Cli.Hosting;
using ManagedGemma.Cli.Options;
using ManagedGemma.Cli.Terminal;
using ManagedGemma.Model;

namespace ManagedGemma.Cli.Commands;

/// <summary><c>encode</c>: a prompt to a file of features, or many prompts to a directory of them.</summary>
internal sealed class EncodeCommand : Command
{
    private readonly PromptOptions _prompt = new();
    private readonly BatchOptions _batch = new();
    private readonly EnhanceOptions _enhance = new();
    private readonly CacheOptions _cache = new("enhancements");
    private readonly ModelOption _model = new();
    private readonly EncodingOptions _encoding = new();

    private readonly Option<string> _output = new("--output", "-o")
    {
        Description = "The safetensors file to write, the directory with --batch; a file appears whole or not at all.",
        HelpName = "FILE",
        Required = true,
    };

    private readonly CountOption _threads = CommonOptions.Threads();

    private readonly Option<bool> _lowMemory = CommonOptions.LowMemory();

    private readonly Option<bool> _json = new("--json")
    {
        Description = "Print one JSON object about the run to standard output; with --batch one a line of the batch.",
    };

    private readonly Option<bool> _quiet = CommonOptions.Quiet();

    public EncodeCommand(Host host, Interrupt interrupt)
        : base("encode", "Encode a prompt and write its features to a safetensors file.")
    {
        _prompt.AddTo(this);
        _batch.AddTo(this);
        Add(_output);
        Add(_model);
        _encoding.AddTo(this);
        _enhance.AddTo(this);
        _cache.AddTo(this);
        Add(_threads);
        Add(_lowMemory);
        Add(_json);
        Add(_quiet);
        SetAction(parse => Run(parse, host, interrupt));
    }

    private int Run(ParseResult parse, Host host, Interrupt interrupt)
    {
        BatchSettings? batch = _batch.In(parse);
        if (batch is not null && _prompt.IsGiven(parse))
        {
            throw new UsageException("--batch brings its own prompts; leave the other one out");
        }

        string output = parse.GetValue(_output)!;
        if (output is "-" or "")
        {
            throw new UsageException(batch is null
                ? "--output takes a file: it is put in place when it is complete, which standard output cannot be"
                : "--output takes a directory with --batch");
        }

        Screen screen = new(host, parse.GetValue(_quiet));
        EncodeSettings settings = _encoding.In(parse);
        ResultCache? cache = _cache.In(parse);
        EnhanceSettings? enhance = _enhance.In(parse, cache);
        if (cache is not null && enhance is null)
        {
            throw new UsageException("--cache goes with --enhance: features are not kept");
        }

        using EnhanceStep? step = enhance is null ? null : new EnhanceStep(enhance, settings.Options.Precision, screen, interrupt.Token);
        EncodeJob job = new()
        {
            Host = host,
            Interrupt = interrupt,
            Screen = screen,
            Source = _model.Find(parse),
            Settings = settings with { EnhanceSeed = enhance?.Seed },
            Enhancement = step,
            Loading = new GemmaModelOptions { Threads = parse.GetValue(_threads), ReleasePages = parse.GetValue(_lowMemory) },
            Cache = cache,
            Output = output,
            PrintsJson = parse.GetValue(_json),
        };
        return batch is null ? SingleEncode.Run(job, _prompt.Read(parse, host)) : new BatchEncode(job, batch).Run();
    }
}
