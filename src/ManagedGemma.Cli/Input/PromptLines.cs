using System.Globalization;
using System.Text.Json;

namespace ManagedGemma.Cli.Input;

/// <summary>Reads JSON lines <c>{"text": …}</c>, one at a time, from a stream of any length.</summary>
internal sealed class PromptLines(Stream stream, string name)
{
    private const int LongestLine = 64 << 20;

    private byte[] _buffer = new byte[1 << 16];
    private int _start;
    private int _end;
    private bool _isAtEnd;
    private long _number;

    /// <summary>Whether the next line has yet to be waited for: a good moment to flush what was made of those before.</summary>
    public bool IsDrained => _buffer.AsSpan(_start, _end - _start).IndexOf((byte)'\n') < 0;

    /// <summary>The next line's text; null at the end.</summary>
    /// <exception cref="GemmaException">A line is not such an object, or the stream cannot be read; the line's number is told.</exception>
    public string? Next()
    {
        ReadOnlySpan<byte> line = NextLine(out bool isLine);
        return isLine ? Parse(line) : null;
    }

    private ReadOnlySpan<byte> NextLine(out bool isLine)
    {
        _number++;
        int searched = 0;
        while (true)
        {
            int length = _buffer.AsSpan(_start + searched, _end - _start - searched).IndexOf((byte)'\n');
            if (length >= 0)
            {
                isLine = true;
                ReadOnlySpan<byte> line = _buffer.AsSpan(_start, searched + length);
                _start += searched + length + 1;
                return line;
            }

            searched = _end - _start;
            if (_isAtEnd)
            {
                isLine = searched > 0;
                ReadOnlySpan<byte> rest = _buffer.AsSpan(_start, searched);
                _start = _end;
                return rest;
            }

            Fill();
        }
    }

    private void Fill()
    {
        if (_start > 0)
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            _end -= _start;
            _start = 0;
        }

        if (_end == _buffer.Length)
        {
            if (_end >= LongestLine)
            {
                throw Wrong("the line is too long", $"at most {LongestLine} bytes");
            }

            Array.Resize(ref _buffer, _buffer.Length * 2);
        }

        try
        {
            int count = stream.Read(_buffer.AsSpan(_end));
            _isAtEnd = count == 0;
            _end += count;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new GemmaException("the file cannot be read", name, found: exception.Message, innerException: exception);
        }
    }

    private string Parse(ReadOnlySpan<byte> line)
    {
        if (_number == 1 && line.StartsWith("\uFEFF"u8))
        {
            line = line[3..];
        }

        try
        {
            Utf8JsonReader reader = new(line);
            using JsonDocument document = JsonDocument.ParseValue(ref reader);
            if (reader.Read() || document.RootElement.ValueKind != JsonValueKind.Object)
            {
                throw Wrong("the line is not one JSON object");
            }

            return document.RootElement.TryGetProperty("text"u8, out JsonElement text) && text.ValueKind == JsonValueKind.String
                ? text.GetString()!
                : throw Wrong("the line has no string \"text\"");
        }
        catch (JsonException exception)
        {
            throw Wrong("the line is not JSON", inner: exception);
        }
        catch (InvalidOperationException exception)
        {
            // Bytes or escapes that are no text: bad UTF-8, half a surrogate pair.
            throw Wrong("the text is not valid Unicode", inner: exception);
        }
    }

    private GemmaException Wrong(string problem, string? expected = null, Exception? inner = null) => new(
        problem, name, string.Create(CultureInfo.InvariantCulture, $"line {_number}"), expected ?? "{\"text\": \"…\"}", innerException: inner);
}
