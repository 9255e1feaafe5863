using System.Text;

namespace ManagedGemma.Cli.Hosting;

/// <summary>What a command may touch of its process; tests put their own in its place.</summary>
internal sealed class Host
{
    /// <summary>Standard input, opened when it is first wanted.</summary>
    public required Func<Stream> Input { get; init; }

    /// <summary>Whether standard input is a file or a pipe.</summary>
    public required bool IsInputRedirected { get; init; }

    /// <summary>Standard output: results for machines, tables that were asked for. Not flushed by itself.</summary>
    public required TextWriter Out { get; init; }

    /// <summary>Whether standard output is a terminal.</summary>
    public required bool IsOutTerminal { get; init; }

    /// <summary>Standard error: everything for people.</summary>
    public required TextWriter Error { get; init; }

    /// <summary>Whether standard error is a terminal.</summary>
    public required bool IsErrorTerminal { get; init; }

    /// <summary>The process's own streams.</summary>
    public static Host System()
    {
        bool isOutTerminal = !Console.IsOutputRedirected;
        return new Host
        {
            Input = Console.OpenStandardInput,
            IsInputRedirected = Console.IsInputRedirected,

            // Redirected: UTF-8 without a mark whatever the locale, and buffered. On a terminal Spectre knows what Console.Out is.
            Out = isOutTerminal ? Console.Out : new StreamWriter(Console.OpenStandardOutput(), new UTF8Encoding(false), 1 << 15),
            IsOutTerminal = isOutTerminal,
            Error = Console.Error,
            IsErrorTerminal = !Console.IsErrorRedirected,
        };
    }
}
