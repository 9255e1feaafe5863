using System.CommandLine;
using System.CommandLine.Parsing;
using ManagedGemma.Cli.Options;

namespace ManagedGemma.Cli;

/// <summary>Says in one line what is wrong with a command line.</summary>
internal static class UsageErrors
{
    /// <summary>The most telling of the parser's errors: a misspelt option explains those that follow from it.</summary>
    public static string Describe(ParseResult parse)
    {
        // A command that takes a prompt takes unknown options for one.
        string[] taken = [.. parse.CommandResult.Children.OfType<ArgumentResult>().SelectMany(x => x.Tokens).Select(x => x.Value)];
        if (UnknownOption(parse, [.. parse.UnmatchedTokens, .. taken]) is { } option)
        {
            return option;
        }

        if (parse.CommandResult.Command is RootCommand root)
        {
            string commands = string.Join(", ", root.Subcommands.Select(x => x.Name));
            return parse.UnmatchedTokens is [string word, ..] ? $"unknown command '{word}'; there are {commands}" : $"no command; there are {commands}";
        }

        bool takesPrompt = parse.CommandResult.Command.Arguments.Any(x => x.Name == PromptOptions.ArgumentName);
        if (takesPrompt && taken.Length > 0 && parse.UnmatchedTokens.Count > 0)
        {
            return $"the prompt is in {taken.Length + parse.UnmatchedTokens.Count} pieces; put it in quotes";
        }

        return parse.UnmatchedTokens is [string extra, ..] ? $"unexpected '{extra}'" : parse.Errors[0].Message.TrimEnd('.');
    }

    /// <summary>Complains about the first word that looks like an option, unless <c>--</c> says that none follows; else null.</summary>
    public static string? UnknownOption(ParseResult parse, IReadOnlyList<string> words)
    {
        string? option = words.FirstOrDefault(x => x.Length > 1 && x[0] == '-');
        return option is not null && !parse.Tokens.Any(x => x.Type == TokenType.DoubleDash) ? $"unknown option '{option}'" : null;
    }
}
