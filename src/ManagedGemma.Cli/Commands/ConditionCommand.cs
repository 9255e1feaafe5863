using System.CommandLine;
using ManagedGemma.Caching;
using ManagedGemma.Cli.Commands.Condition;
using ManagedGemma.Cli.Commands.Enhance;
using ManagedGemma.Cli.Hosting;
using ManagedGemma.Cli.Input;
using ManagedGemma.Cli.Options;
using ManagedGemma.Cli.Terminal;
using ManagedGemma.Model;

namespace ManagedGemma.Cli.Commands;

/// <summary><c>condition</c>: a prompt, or many captions, to what an LTX pipeline or trainer reads.</summary>
internal sealed class ConditionCommand : Command
{
    private readonly PromptOptions _prompt = new();
    private readonly CaptionOptions _captions = new();
    private readonly CacheOptions _cache = new("results");
    private readonly ModelOption _model = new();
    private readonly ConditioningOptions _conditioning = new();
    private readonly EnhanceOptions _enhance = new();

    private readonly Option<string> _output = new("--output", "-o", "--out")
    {
        Description = "The file to write, the directory with --captions; a file appears whole or not at all.",
        HelpName = "FILE",
        Required = true,
    };

    private readonly CountOption _threads = CommonOptions.Threads();

    private readonly Option<bool> _lowMemory = CommonOptions.LowMemory();

    private readonly Option<bool> _json = new("--json")
    {
        Description = "Print one JSON object about the run to standard output; with --captions one a caption.",
    };

    private readonly Option<bool> _quiet = CommonOptions.Quiet();

    public ConditionCommand(Host host, Interrupt interrupt)
        : base("condition", "Turn a prompt into what an LTX pipeline or trainer reads, in its own format.")
    {
        _prompt.AddTo(this);
        _captions.AddTo(this);
        Add(_output);
        Add(_model);
        _conditioning.AddTo(this);
        _cache.AddTo(this);
        _enhance.AddTo(this);
        Add(_threads);
        Add(_lowMemory);
        Add(_json);
        Add(_quiet);
        SetAction(parse => Run(parse, host, interrupt));
    }

    private int Run(ParseResult parse, Host host, Interrupt interrupt)
    {
        CaptionSettings? captions = _captions.In(parse);
        if (captions is not null && _prompt.IsGiven(parse))
        {
            throw new UsageException("--captions brings its own prompts; leave the other one out");
        }

        string output = parse.GetValue(_output)!;
        if (output is "-" or "")
        {
            throw new UsageException(captions is null
                ? "--output takes a file: it is put in place when it is complete, which standard output cannot be"
                : "--output takes a directory with --captions");
        }

        ConditionSettings settings = _conditioning.In(parse);
        settings = settings with { Options = settings.Options with { BatchTokens = _captions.TokensIn(parse) } };
        Prompt? prompt = captions is null ? _prompt.Read(parse, host) : null;
        Screen screen = new(host, parse.GetValue(_quiet));
        ResultCache? cache = _cache.In(parse);
        EnhanceSettings? enhance = _enhance.In(parse, cache);
        if (enhance is not null && captions is { IsDryRun: true })
        {
            throw new UsageException("--dry-run counts captions as they are: leave out --enhance");
        }

        using EnhanceStep? step = enhance is null ? null : new EnhanceStep(enhance, settings.Options.Precision, screen, interrupt.Token);
        ConditionJob job = new()
        {
            Host = host,
            Interrupt = interrupt,
            Screen = screen,
            Source = _model.Find(parse),
            Settings = settings,
            Enhancement = step,
            Loading = new GemmaModelOptions { Threads = parse.GetValue(_threads), ReleasePages = parse.GetValue(_lowMemory) },
            Cache = cache,
            Output = output,
            PrintsJson = parse.GetValue(_json),
        };
        return captions is null ? SingleCondition.Run(job, prompt!)
            : captions.IsDryRun ? CaptionDryRun.Run(job, captions)
            : new CaptionBatch(job, captions).Run();
    }
}
