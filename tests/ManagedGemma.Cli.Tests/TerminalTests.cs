using System.Text.RegularExpressions;
using ManagedGemma.Cli.Hosting;
using ManagedGemma.Cli.Tests.Support;

namespace ManagedGemma.Cli.Tests;

/// <summary>What people see at a terminal: tables and panels, in which no text is taken for markup.</summary>
public sealed partial class TerminalTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void Tokens_stand_in_a_table()
    {
        TinyTokenizer.Write(_directory.Path);
        Outcome outcome = Run("tokenize", "--ids", $"265,{TinyTokenizer.NastyId}", "--model", _directory.Path);
        Assert.Contains("│ 265 │ fox ", AnsiColor().Replace(outcome.Out, string.Empty), StringComparison.Ordinal);
        Assert.Contains("\\u001B[2J", outcome.Out, StringComparison.Ordinal);
        Assert.DoesNotContain("\u001b[2J", outcome.Out, StringComparison.Ordinal);
    }

    [Fact]
    public void Names_are_no_markup()
    {
        string model = _directory["[red]model [x"];
        Directory.CreateDirectory(model);
        foreach (string file in Directory.EnumerateFiles(Repository.Zoo))
        {
            File.Copy(file, Path.Combine(model, Path.GetFileName(file)));
        }

        Assert.Contains("[red]model [x", Run("inspect", "--model", model).Out, StringComparison.Ordinal);
        Outcome outcome = Run("encode", "--ids", "2,5,7", "--max-length", "2", "--model", model, "--output", _directory["[o"]);
        Assert.Contains("[red]model [x", outcome.Error, StringComparison.Ordinal);
        Assert.Contains("[o, ", outcome.Error, StringComparison.Ordinal);
        Assert.Contains("1 more than --max-length 2", outcome.Error, StringComparison.Ordinal);
        Assert.Empty(outcome.Out);
    }

    [Fact]
    public void The_demo_says_so_in_a_panel()
    {
        string error = Run("encode", "fox", "--output", _directory["o"]).Error;
        Assert.Contains("┏", error, StringComparison.Ordinal);
        Assert.Contains("random weights", error, StringComparison.Ordinal);
        Assert.Contains("managed-gemma pull", error, StringComparison.Ordinal);
    }

    [GeneratedRegex(@"\u001b\[[0-9;]*m")]
    private static partial Regex AnsiColor();

    private static Outcome Run(params string[] args)
    {
        using StringWriter output = new();
        using StringWriter error = new();
        Host host = new()
        {
            Input = () => Stream.Null,
            IsInputRedirected = false,
            Out = output,
            IsOutTerminal = true,
            Error = error,
            IsErrorTerminal = true,
        };
        int code = CommandLine.Run(args, host);
        return new Outcome(code, output.ToString(), error.ToString()).Succeeds();
    }
}
