using System.CommandLine;
using System.Diagnostics;
using System.Text;
using ManagedGemma.Caching;
using ManagedGemma.Cli.Hosting;
using ManagedGemma.Cli.Input;
using ManagedGemma.Cli.Options;
using ManagedGemma.Cli.Output;
using ManagedGemma.Cli.Terminal;
using ManagedGemma.Conditioning;
using ManagedGemma.Generation;
using ManagedGemma.Generation.Enhancement;

namespace ManagedGemma.Cli.Commands;

/// <summary><c>enhance</c>: a short prompt to the full one that LTX's pipelines would make of it.</summary>
internal sealed class EnhanceCommand : Command
{
    private readonly PromptOptions _prompt = new();
    private readonly GeneratorModelOptions _model = new();
    private readonly SamplingOptions _sampling = new(PromptEnhancer.DefaultOptions);
    private readonly SystemOption _system = new("--system", "A file with instructions. Default: this program's own, for text-to-video.");
    private readonly CacheOptions _cache = new("enhancements");
    private readonly Option<bool> _json = new("--json") { Description = "Print one JSON object: the prompt, what became of it, and what it took." };
    private readonly Option<bool> _quiet = CommonOptions.Quiet();

    public EnhanceCommand(Host host, Interrupt interrupt)
        : base("enhance", "Write the full prompt of a video from a short one.")
    {
        _prompt.AddTo(this);
        Add(_system);
        _model.AddTo(this);
        _sampling.AddTo(this);
        _cache.AddTo(this);
        Add(_json);
        Add(_quiet);
        SetAction(parse => Run(parse, host, interrupt));
    }

    private int Run(ParseResult parse, Host host, Interrupt interrupt)
    {
        GenerationOptions options = _sampling.In(parse);
        ModelSource source = _model.Find(parse);
        string prompt = _prompt.Read(parse, host).Text ?? throw new UsageException("enhance takes text, not --ids");
        if (string.IsNullOrWhiteSpace(prompt))
        {
            throw new UsageException("the prompt is empty: there is nothing to enhance");
        }

        string? system = _system.Read(parse);
        ResultCache? cache = _cache.In(parse);
        Screen screen = new(host, parse.GetValue(_quiet));
        Stopwatch watch = Stopwatch.StartNew();
        using GemmaTextEncoder encoder = _model.Load(parse, screen, source);
        using GemmaTextGenerator generator = GemmaTextGenerator.Over(encoder, new GeneratorOptions { LeaveModelOpen = true });
        using PromptEnhancer enhancer = new(generator, system, cache);
        _ = generator.Tokenizer;
        TimeSpan load = watch.Elapsed;
        bool printsJson = parse.GetValue(_json);
        StringBuilder answer = new();
        GenerationUpdate end = Generate(enhancer.Generate(prompt, options, interrupt.Token), answer, printsJson ? null : new TextFlow(host));
        Warn(screen, answer.ToString(), end.FinishReason!.Value);
        bool isCached = cache is { Hits: > 0 };
        GenerateReport report = GenerateReport.Of(
            source.Name, encoder.Model.Checkpoint.IsDemo, load, end.FinishReason!.Value, end.StoppedBy, end.Usage!);
        CacheNotice.Show(screen, cache);
        screen.Show(GenerationSummary.Of(report, source, encoder.Model.Threads, isCached));
        if (printsJson)
        {
            string text = answer.ToString();
            EnhanceReport whole = new(prompt, EnhancementText.Clean(text), text, options.Seed, isCached, report, screen.Warnings);
            ReportJson.Print(host.Out, whole, ReportJson.Default.EnhanceReport);
        }

        return ExitCode.Done;
    }

    /// <summary>Says what is odd about an answer.</summary>
    public static void Warn(Screen screen, string answer, FinishReason finish)
    {
        if (string.IsNullOrWhiteSpace(answer))
        {
            screen.Warn("the model's enhancement is empty");
        }
        else if (finish == FinishReason.Length)
        {
            screen.Warn("the enhancement was cut off in the middle: there were no tokens left");
        }
    }

    // Cleaning goes on letter by letter once the first one is there.
    private static GenerationUpdate Generate(IEnumerable<GenerationUpdate> updates, StringBuilder answer, TextFlow? flow)
    {
        GenerationUpdate? last = null;
        int shown = 0;
        try
        {
            foreach (GenerationUpdate update in updates)
            {
                answer.Append(update.Text);
                last = update;
                string text = EnhancementText.Clean(answer.ToString());
                bool hasBegun = text.Length > 0 && Rune.TryGetRuneAt(text, 0, out Rune first) && Rune.IsLetter(first);
                if (hasBegun || update.FinishReason is not null)
                {
                    flow?.Write(text[shown..]);
                    shown = text.Length;
                }
            }
        }
        finally
        {
            flow?.End();
        }

        return last!;
    }
}
