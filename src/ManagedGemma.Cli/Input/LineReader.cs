namespace ManagedGemma.Cli.Input;

/// <summary>Reads lines of bytes, one at a time, from a stream of any length; memory holds the longest of them.</summary>
/// <param name="stream">Read to its end, not closed.</param>
/// <param name="name">What messages call it.</param>
/// <param name="longest">Bytes of a line at most.</param>
internal sealed class LineReader(Stream stream, string name, int longest = 64 << 20)
{
    private byte[] _buffer = new byte[1 << 16];
    private int _start;
    private int _end;
    private bool _isAtEnd;

    /// <summary>The number of the line that was read last, from 1.</summary>
    public long Number { get; private set; }

    /// <summary>The most bytes that a line may have.</summary>
    public int Longest => longest;

    /// <summary>Whether the line that was read last was longer than that; its bytes are lost.</summary>
    public bool IsTooLong { get; private set; }

    /// <summary>Whether the next line has yet to be waited for: a good moment to flush what was made of those before.</summary>
    public bool IsDrained => Rest.IndexOf((byte)'\n') < 0;

    private ReadOnlySpan<byte> Rest => _buffer.AsSpan(_start, _end - _start);

    /// <summary>Reads the next line, without what ends it and without a byte order mark; false at the end.</summary>
    /// <exception cref="GemmaException">The stream cannot be read.</exception>
    public bool Next(out ReadOnlySpan<byte> line)
    {
        Number++;
        IsTooLong = false;
        int searched = 0;
        while (true)
        {
            int length = Rest[searched..].IndexOf((byte)'\n');
            if (length >= 0)
            {
                line = Take(searched + length);
                _start++;
                return true;
            }

            searched = _end - _start;
            if (_isAtEnd)
            {
                bool isLine = searched > 0 || IsTooLong;
                line = Take(searched);
                return isLine;
            }

            if (searched > longest)
            {
                IsTooLong = true;
                _start = _end;
                searched = 0;
            }

            Fill();
        }
    }

    private ReadOnlySpan<byte> Take(int length)
    {
        ReadOnlySpan<byte> line = IsTooLong ? [] : Rest[..length];
        _start += length;
        if (line.Length > longest)
        {
            IsTooLong = true;
            return [];
        }

        if (Number == 1 && line.StartsWith("\uFEFF"u8))
        {
            line = line[3..];
        }

        return line.EndsWith("\r"u8) ? line[..^1] : line;
    }

    private void Fill()
    {
        if (_start > 0)
        {
            Rest.CopyTo(_buffer);
            _end -= _start;
            _start = 0;
        }

        if (_end == _buffer.Length)
        {
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
}
