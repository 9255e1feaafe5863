using System.CommandLine;
using ManagedGemma.Cli.Commands.Chat;
using ManagedGemma.Cli.Hosting;
using ManagedGemma.Cli.Input;
using ManagedGemma.Cli.Options;
using ManagedGemma.Cli.Terminal;
using ManagedGemma.Conditioning;
using ManagedGemma.Generation;
using ManagedGemma.Generation.Chat;

namespace ManagedGemma.Cli.Commands;

/// <summary><c>chat</c>: a conversation, a line a message; at a terminal, or lines from a file or a pipe.</summary>
internal sealed class ChatCommand : Command
{
    private readonly GeneratorModelOptions _model = new();
    private readonly SamplingOptions _sampling = new(ChatDefaults.Sampling);
    private readonly SystemOption _system = new("--system", "A file with instructions; they stand in place of those of --load.");
    private readonly Option<string> _load = new("--load")
    {
        Description = "Go on from a conversation that /save wrote.",
        HelpName = "FILE",
    };

    private readonly Option<bool> _quiet = CommonOptions.Quiet();

    public ChatCommand(Host host, Interrupt interrupt)
        : base("chat", "Talk to the model: a line a message, /help for what else there is. Ctrl-C stops an answer, and at the prompt the program.")
    {
        _model.AddTo(this);
        Add(_system);
        Add(_load);
        _sampling.AddTo(this);
        Add(_quiet);
        SetAction(parse => Run(parse, host, interrupt));
    }

    private int Run(ParseResult parse, Host host, Interrupt interrupt)
    {
        GenerationOptions options = _sampling.In(parse);
        ModelSource source = _model.Find(parse);
        string? system = _system.Read(parse);
        string? file = parse.GetValue(_load);
        IReadOnlyList<ChatTurn> before = file is null ? [] : ConversationFile.Read(file);
        Screen screen = new(host, parse.GetValue(_quiet));
        using GemmaTextEncoder encoder = _model.Load(parse, screen, source);
        using GemmaTextGenerator generator = GemmaTextGenerator.Over(encoder, new GeneratorOptions { LeaveModelOpen = true });
        options = options with { StopIds = ChatTemplate.StopIds(generator.Tokenizer, generator.StopIds) };
        using Conversation conversation = new(generator, options);
        conversation.Replace(before);
        conversation.System = system ?? conversation.System;
        ChatLoop loop = new(host, interrupt, screen, conversation);
        if (!host.IsInputRedirected)
        {
            screen.Say($"{source.Name}: a line a message, /help for what else there is.");
        }

        if (file is not null)
        {
            loop.ShowLoaded(file);
        }

        return loop.Run();
    }
}
