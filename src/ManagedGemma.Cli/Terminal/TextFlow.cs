using ManagedGemma.Cli.Hosting;

namespace ManagedGemma.Cli.Terminal;

/// <summary>Text that a model writes, to standard output as it comes: as it is into files and pipes, made safe for a terminal.</summary>
internal sealed class TextFlow(Host host)
{
    /// <summary>Whether the line that was written last has yet to end.</summary>
    private bool _isInLine;

    /// <summary>Writes a piece of whole characters, at once.</summary>
    public void Write(string text)
    {
        if (text.Length > 0)
        {
            host.Out.Write(host.IsOutTerminal ? SafeText.Flow(text) : text);
            host.Out.Flush();
            _isInLine = text[^1] != '\n';
        }
    }

    /// <summary>Ends the last line.</summary>
    public void End()
    {
        if (_isInLine)
        {
            host.Out.Write('\n');
            _isInLine = false;
        }

        host.Out.Flush();
    }
}
