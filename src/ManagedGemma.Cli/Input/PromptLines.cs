using System.Globalization;

namespace ManagedGemma.Cli.Input;

/// <summary>Reads JSON lines <c>{"text": …}</c>, one at a time, from a stream of any length.</summary>
internal sealed class PromptLines(Stream stream, string name)
{
    private readonly LineReader _lines = new(stream, name);

    /// <summary>Whether the next line has yet to be waited for: a good moment to flush what was made of those before.</summary>
    public bool IsDrained => _lines.IsDrained;

    /// <summary>The next line's text; null at the end.</summary>
    /// <exception cref="GemmaException">A line is not such an object, or the stream cannot be read; the line's number is told.</exception>
    public string? Next()
    {
        if (!_lines.Next(out ReadOnlySpan<byte> line))
        {
            return null;
        }

        return _lines.IsTooLong
            ? throw new GemmaException(
                "the line is too long", name, string.Create(CultureInfo.InvariantCulture, $"line {_lines.Number}"), $"at most {_lines.Longest} bytes")
            : PromptJson.Text(line, name, _lines.Number);
    }
}
