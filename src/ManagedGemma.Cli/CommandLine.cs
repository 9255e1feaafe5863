using System.CommandLine;
using ManagedGemma.Cli.Commands;
using ManagedGemma.Cli.Hosting;
using ManagedGemma.Cli.Terminal;

namespace ManagedGemma.Cli;

/// <summary>Parses, runs one command, and turns whatever goes wrong into one line and an exit code.</summary>
internal static class CommandLine
{
    private const string DebugVariable = "MANAGED_GEMMA_DEBUG";

    // Prompts are free text: nothing in them is expanded, as @file and bundled letters would be.
    private static readonly ParserConfiguration Grammar = new() { EnablePosixBundling = false, ResponseFileTokenReplacer = null };

    /// <summary>Runs a command line.</summary>
    /// <returns>The process's exit code: see <see cref="ExitCode"/>.</returns>
    public static int Run(IReadOnlyList<string> args, Host host)
    {
        using Interrupt interrupt = new();
        try
        {
            int code = Parse(args, host, interrupt);
            host.Out.Flush();
            return code;
        }
#pragma warning disable CA1031 // The last place that an exception can go to.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            return Report(exception, host);
        }
    }

    private static int Parse(IReadOnlyList<string> args, Host host, Interrupt interrupt)
    {
        RootCommand root = new("Gemma 3 on the CPU: prompts to the conditioning of LTX video models.")
        {
            new ChatCommand(host, interrupt),
            new ConditionCommand(host, interrupt),
            new CompareCommand(host, interrupt),
            new EncodeCommand(host, interrupt),
            new EnhanceCommand(host, interrupt),
            new GenerateCommand(host, interrupt),
            new TokenizeCommand(host, interrupt),
            new InspectCommand(host),
            new PullCommand(host, interrupt),
            new QuantizeCommand(host, interrupt),
        };

        root.Options.OfType<VersionOption>().Single().Action = new VersionAction();

        // [suggest] and [diagram] would be taken from in front of a command.
        root.Directives.Clear();
        ParseResult parse = root.Parse(args, Grammar);
        string help = string.Join(' ', ["managed-gemma", .. CommandName(parse), "--help"]);
        try
        {
            if (parse.Errors.Count > 0)
            {
                throw new UsageException(UsageErrors.Describe(parse));
            }

            return parse.Invoke(new InvocationConfiguration { Output = host.Out, Error = host.Error, EnableDefaultExceptionHandler = false });
        }
        catch (UsageException exception)
        {
            return Fail(host, ExitCode.Usage, $"{exception.Message} (see {help})");
        }
    }

    private static string[] CommandName(ParseResult parse) => parse.CommandResult.Command is RootCommand ? [] : [parse.CommandResult.Command.Name];

    private static int Report(Exception exception, Host host)
    {
        if (Environment.GetEnvironmentVariable(DebugVariable) == "1")
        {
            host.Error.WriteLine(exception);
        }

        return exception switch
        {
            GemmaException => Fail(host, ExitCode.Failed, exception.Message),
            OperationCanceledException => Fail(host, ExitCode.Interrupted, "interrupted"),
            OutOfMemoryException => Fail(host, ExitCode.Failed, "out of memory"),
            IOException => Fail(host, ExitCode.Failed, exception.Message),
            _ => Fail(host, ExitCode.Defect, $"unexpected {exception.GetType().Name}: {exception.Message} ({DebugVariable}=1 shows where)"),
        };
    }

    private static int Fail(Host host, int code, string message)
    {
        try
        {
            host.Error.WriteLine($"managed-gemma: {SafeText.Show(message.Replace('\r', ' ').Replace('\n', ' '))}");
        }
        catch (IOException)
        {
            // Nobody is left to tell.
        }

        return code;
    }
}
