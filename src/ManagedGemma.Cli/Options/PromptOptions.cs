using System.CommandLine;
using ManagedGemma.Cli.Hosting;
using ManagedGemma.Cli.Input;

namespace ManagedGemma.Cli.Options;

/// <summary>Where a prompt comes from: an argument, a file, standard input, or token ids.</summary>
internal sealed class PromptOptions
{
    /// <summary>The name of the argument that is a prompt.</summary>
    public const string ArgumentName = "prompt";

    private readonly Argument<string?> _prompt = new(ArgumentName)
    {
        Description = "The text, in quotes. Without it: --file, --ids, or standard input when that is a pipe or a file.",
        Arity = ArgumentArity.ZeroOrOne,
        HelpName = "PROMPT",
    };

    private readonly Option<string> _file = new("--file", "-f")
    {
        Description = "A text file that is one prompt (UTF-8).",
        HelpName = "FILE",
    };

    private readonly Option<string> _ids = new("--ids")
    {
        Description = "Token ids instead of text, as in 2,818,2604; taken as they are.",
        HelpName = "IDS",
    };

    /// <summary>Adds all of them to a command.</summary>
    public void AddTo(Command command)
    {
        command.Add(_prompt);
        command.Add(_file);
        command.Add(_ids);
    }

    /// <summary>Whether any source was named.</summary>
    /// <exception cref="UsageException">It is a misspelt option.</exception>
    public bool IsGiven(ParseResult parse)
    {
        RefuseOption(parse);
        return Sources(parse).Count > 0;
    }

    /// <summary>Reads the prompt from the one source that was named, else from standard input.</summary>
    /// <exception cref="UsageException">None or several sources.</exception>
    /// <exception cref="GemmaException">The file cannot be read, or is not UTF-8.</exception>
    public Prompt Read(ParseResult parse, Host host)
    {
        RefuseOption(parse);
        List<string> sources = Sources(parse);
        if (sources.Count > 1)
        {
            throw new UsageException($"one prompt at a time, not {string.Join(" and ", sources)}");
        }

        if (parse.GetValue(_ids) is { } ids)
        {
            return new Prompt(null, TokenIdList.Parse(ids));
        }

        if (parse.GetValue(_prompt) is { } text)
        {
            return new Prompt(text, null);
        }

        if (parse.GetValue(_file) is { } file)
        {
            return new Prompt(PromptFile.Read(file), null);
        }

        return host.IsInputRedirected
            ? new Prompt(PromptFile.Read(host.Input, "standard input"), null)
            : throw new UsageException("no prompt: give one in quotes, --file FILE, --ids IDS, or pipe one in");
    }

    private void RefuseOption(ParseResult parse)
    {
        if (parse.GetValue(_prompt) is { } text && UsageErrors.UnknownOption(parse, [text]) is { } option)
        {
            throw new UsageException($"{option}; a prompt that begins with a dash goes after --");
        }
    }

    private List<string> Sources(ParseResult parse)
    {
        List<string> sources = [];
        if (parse.GetValue(_prompt) is not null)
        {
            sources.Add("an argument");
        }

        if (parse.GetValue(_file) is not null)
        {
            sources.Add("--file");
        }

        if (parse.GetValue(_ids) is not null)
        {
            sources.Add("--ids");
        }

        return sources;
    }
}
