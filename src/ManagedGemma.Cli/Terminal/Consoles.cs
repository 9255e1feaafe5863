using Spectre.Console;

namespace ManagedGemma.Cli.Terminal;

/// <summary>Spectre consoles over standard output and standard error, each made once.</summary>
internal static class Consoles
{
    private static readonly Dictionary<TextWriter, IAnsiConsole> Made = [];

    /// <summary>The console over a terminal's writer. NO_COLOR is honoured.</summary>
    public static IAnsiConsole For(TextWriter writer)
    {
        lock (Made)
        {
            if (!Made.TryGetValue(writer, out IAnsiConsole? console))
            {
                // Spectre calls a console interactive only when standard output is one, whatever it writes to.
                console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(writer), Interactive = InteractionSupport.Yes });
                Made.Add(writer, console);
            }

            return console;
        }
    }
}
