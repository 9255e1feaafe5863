using ManagedGemma.Cli.Hosting;
using Spectre.Console;

namespace ManagedGemma.Cli.Terminal;

/// <summary>What a command tells the person in front of it, on standard error.</summary>
internal sealed class Screen(Host host, bool isQuiet)
{
    private readonly List<string> _warnings = [];

    /// <summary>All warnings so far.</summary>
    public IReadOnlyList<string> Warnings => _warnings;

    /// <summary>Whether a moving display is wanted.</summary>
    public bool ShowsProgress => host.IsErrorTerminal && !isQuiet && Consoles.For(host.Error).Profile.Capabilities.Ansi;

    /// <summary>The console of standard error, where it is a terminal.</summary>
    public IAnsiConsole Console => Consoles.For(host.Error);

    /// <summary>Says something that the person should know and may want to act on; --quiet does not silence it.</summary>
    public void Warn(string message)
    {
        _warnings.Add(message);
        Line("managed-gemma: warning: ", Color.Yellow, message);
    }

    /// <summary>Says what failed while the rest goes on; --quiet does not silence it.</summary>
    public void Fail(string message) => Line("managed-gemma: ", Color.Red, message);

    /// <summary>Says something important at length; with --quiet only its short form, as a warning.</summary>
    public void Notice(string title, string shortForm, params IReadOnlyList<string> lines)
    {
        if (isQuiet)
        {
            Warn(shortForm);
            return;
        }

        _warnings.Add(shortForm);
        if (host.IsErrorTerminal)
        {
            Panel panel = new(new Text(string.Join('\n', lines)))
            {
                Header = new PanelHeader(Markup.Escape($" {title} ")),
                Border = BoxBorder.Heavy,
                BorderStyle = new Style(Color.Yellow),
                Padding = new Padding(1, 0),
            };
            Console.Write(panel);
        }
        else
        {
            host.Error.WriteLine($"== {title} ==");
            foreach (string line in lines)
            {
                host.Error.WriteLine(line);
            }
        }
    }

    /// <summary>Says one line in passing; with --quiet nothing.</summary>
    public void Say(string message)
    {
        if (!isQuiet)
        {
            host.Error.WriteLine(SafeText.Show(message));
        }
    }

    /// <summary>Shows lines that were said before, as they ran over the terminal then; with --quiet nothing.</summary>
    public void Recall(IEnumerable<string> lines)
    {
        foreach (string line in isQuiet ? [] : lines)
        {
            host.Error.WriteLine(SafeText.Flow(line));
        }
    }

    /// <summary>Makes the cursor visible again, which a moving display hides.</summary>
    public void RestoreCursor()
    {
        if (ShowsProgress)
        {
            Console.Cursor.Show(true);
        }
    }

    /// <summary>Shows tables unless --quiet.</summary>
    public void Show(params IEnumerable<Section> sections)
    {
        if (!isQuiet)
        {
            SectionWriter.ToError(host, sections);
        }
    }

    // One write: a moving display may be drawn between two.
    private void Line(string head, Color color, string message)
    {
        string shown = SafeText.Show(message);
        if (host.IsErrorTerminal)
        {
            Console.Write(new Paragraph(head, new Style(color)).Append(shown + "\n"));
        }
        else
        {
            host.Error.WriteLine(head + shown);
        }
    }
}
