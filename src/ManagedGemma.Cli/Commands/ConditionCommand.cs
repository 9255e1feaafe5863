using System.CommandLine;
using ManagedGemma.Cli.Commands.Condition;
using ManagedGemma.Cli.Hosting;
using ManagedGemma.Cli.Input;
using ManagedGemma.Cli.Options;
using ManagedGemma.Cli.Terminal;

namespace ManagedGemma.Cli.Commands;

/// <summary><c>condition</c>: a prompt to what an LTX pipeline or trainer reads.</summary>
internal sealed class ConditionCommand : Command
{
    private readonly PromptOptions _prompt = new();
    private readonly ModelOption _model = new();
    private readonly ConditioningOptions _conditioning = new();

    private readonly Option<string> _output = new("--output", "-o", "--out")
    {
        Description = "The file to write; it appears whole or not at all.",
        HelpName = "FILE",
        Required = true,
    };

    private readonly CountOption _threads = new("--threads", "Threads that compute. Default: all that the process may use.", 1024, null);

    private readonly Option<bool> _lowMemory = new("--low-memory")
    {
        Description = "Give each layer's pages back to the system once it has run: for a machine with less memory than the model's file.",
    };

    private readonly Option<bool> _json = new("--json") { Description = "Print one JSON object about the run to standard output." };
    private readonly Option<bool> _quiet = new("--quiet", "-q") { Description = "Say nothing but warnings and errors." };

    public ConditionCommand(Host host, Interrupt interrupt)
        : base("condition", "Turn a prompt into what an LTX pipeline or trainer reads, in its own format.")
    {
        _prompt.AddTo(this);
        Add(_output);
        Add(_model);
        _conditioning.AddTo(this);
        Add(_threads);
        Add(_lowMemory);
        Add(_json);
        Add(_quiet);
        SetAction(parse => Run(parse, host, interrupt));
    }

    private int Run(ParseResult parse, Host host, Interrupt interrupt)
    {
        string output = parse.GetValue(_output)!;
        if (output is "-" or "")
        {
            throw new UsageException("--output takes a file: it is put in place when it is complete, which standard output cannot be");
        }

        ConditionSettings settings = _conditioning.In(parse);
        Prompt prompt = _prompt.Read(parse, host);
        ConditionJob job = new()
        {
            Host = host,
            Interrupt = interrupt,
            Screen = new Screen(host, parse.GetValue(_quiet)),
            Source = _model.Find(parse),
            Settings = settings,
            Threads = parse.GetValue(_threads),
            ReleasesPages = parse.GetValue(_lowMemory),
            Output = output,
            PrintsJson = parse.GetValue(_json),
        };
        return SingleCondition.Run(job, prompt);
    }
}
