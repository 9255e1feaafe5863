using System.CommandLine;
using System.Diagnostics;
using ManagedGemma.Cli.Hosting;
using ManagedGemma.Cli.Input;
using ManagedGemma.Cli.Options;
using ManagedGemma.Cli.Output;
using ManagedGemma.Cli.Terminal;
using ManagedGemma.Conditioning;
using ManagedGemma.Generation;
using ManagedGemma.Generation.Chat;

namespace ManagedGemma.Cli.Commands;

/// <summary><c>generate</c>: a text goes on, or a message is answered; the words come as they are made.</summary>
internal sealed class GenerateCommand : Command
{
    private readonly PromptOptions _prompt = new();
    private readonly GeneratorModelOptions _model = new();
    private readonly SamplingOptions _sampling = new(ChatDefaults.Sampling);
    private readonly CountOption _logProbabilities = new(
        "--log-probabilities", "With --json: tell each token's log-probability, and those of so many likeliest ones.", 100, null);

    private readonly Option<bool> _chat = new("--chat")
    {
        Description = "Answer the prompt as a message, which is what instruction-tuned models are made for; without it the text just goes on.",
    };

    private readonly SystemOption _system = new("--system", "With --chat: a file with instructions.");

    private readonly Option<bool> _json = new("--json")
    {
        Description = "Print JSON lines: {\"text\": …, \"ids\": […]} as the text comes, and at the end one with usage and rates.",
    };

    private readonly Option<bool> _quiet = CommonOptions.Quiet();

    public GenerateCommand(Host host, Interrupt interrupt)
        : base("generate", "Go on with a text, or answer it with --chat.")
    {
        _prompt.AddTo(this);
        Add(_chat);
        Add(_system);
        _model.AddTo(this);
        _sampling.AddTo(this);
        Add(_logProbabilities);
        Add(_json);
        Add(_quiet);
        SetAction(parse => Run(parse, host, interrupt));
    }

    private int Run(ParseResult parse, Host host, Interrupt interrupt)
    {
        bool isChat = parse.GetValue(_chat), printsJson = parse.GetValue(_json);
        if (!isChat && parse.GetValue(_system) is not null)
        {
            throw new UsageException("--system goes with --chat");
        }

        if (!printsJson && parse.GetValue(_logProbabilities) is not null)
        {
            throw new UsageException("--log-probabilities goes with --json");
        }

        GenerationOptions options = _sampling.In(parse) with { LogProbabilities = parse.GetValue(_logProbabilities) };
        ModelSource source = _model.Find(parse);
        Prompt prompt = _prompt.Read(parse, host);
        if (isChat && prompt.Ids is not null)
        {
            throw new UsageException("--chat takes text, not --ids");
        }

        string? system = _system.Read(parse);
        Screen screen = new(host, parse.GetValue(_quiet));
        Stopwatch watch = Stopwatch.StartNew();
        using GemmaTextEncoder encoder = _model.Load(parse, screen, source);
        using GemmaTextGenerator generator = GemmaTextGenerator.Over(encoder, new GeneratorOptions { LeaveModelOpen = true });
        int[] ids = prompt.Ids ?? Tokenize(generator, prompt.Text!, isChat, system);
        if (isChat)
        {
            options = options with { StopIds = ChatTemplate.StopIds(generator.Tokenizer, generator.StopIds) };
        }

        TimeSpan load = watch.Elapsed;
        GenerationUpdate end = printsJson
            ? PrintLines(host, Updates())
            : PrintText(host, Updates());
        GenerateReport report = GenerateReport.Of(
            source.Name, encoder.Model.Checkpoint.IsDemo, load, end.FinishReason!.Value, end.StoppedBy, end.Usage!);
        screen.Show(GenerationSummary.Of(report, source, encoder.Model.Threads));
        if (printsJson)
        {
            ReportJson.Print(host.Out, report, ReportJson.Default.GenerateReport);
        }

        return ExitCode.Done;

        IEnumerable<GenerationUpdate> Updates()
        {
            foreach (GenerationUpdate update in generator.Generate(ids, options, cancellation: interrupt.Token))
            {
                // The model may be some tokens ahead of a slow reader.
                interrupt.Token.ThrowIfCancellationRequested();
                yield return update;
            }
        }
    }

    private static int[] Tokenize(GemmaTextGenerator generator, string text, bool isChat, string? system)
    {
        if (!isChat)
        {
            return generator.Tokenizer.EncodePrompt(text);
        }

        ChatTurn message = new(ChatSpeaker.User, text);
        return ChatTemplate.Tokenize(generator.Tokenizer, system is null ? [message] : [new ChatTurn(ChatSpeaker.System, system), message]);
    }

    private static GenerationUpdate PrintText(Host host, IEnumerable<GenerationUpdate> updates)
    {
        TextFlow flow = new(host);
        GenerationUpdate? last = null;
        try
        {
            foreach (GenerationUpdate update in updates)
            {
                flow.Write(update.Text);
                last = update;
            }
        }
        finally
        {
            // Interrupted or not, what was said stands on lines of its own.
            flow.End();
        }

        return last!;
    }

    private static GenerationUpdate PrintLines(Host host, IEnumerable<GenerationUpdate> updates)
    {
        GenerationUpdate? last = null;
        foreach (GenerationUpdate update in updates)
        {
            if (GenerateLine.Of(update) is { } line)
            {
                ReportJson.Print(host.Out, line, ReportJson.Default.GenerateLine);
                host.Out.Flush();
            }

            last = update;
        }

        return last!;
    }
}
