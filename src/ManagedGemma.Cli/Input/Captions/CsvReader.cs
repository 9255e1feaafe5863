using System.Text;

namespace ManagedGemma.Cli.Input.Captions;

/// <summary>
/// Reads comma-separated values (RFC 4180), record by record: fields in double quotes may hold commas, line ends and doubled quotes;
/// records end with LF, CRLF or CR. Of its own because a record that is wrong must not end the file, and its line be known, which
/// the libraries that can be trimmed do not offer.
/// </summary>
/// <param name="text">The whole file.</param>
internal sealed class CsvReader(string text)
{
    private readonly StringBuilder _field = new();
    private int _position;
    private long _line = 1;

    /// <summary>The line on which the record begins that was read last, from 1.</summary>
    public long Line { get; private set; }

    /// <summary>Reads the next record that is not an empty line.</summary>
    /// <returns>Its fields; null at the end.</returns>
    /// <exception cref="FormatException">
    /// A quote is not closed (at the end of the file), or something follows a closing quote (the line is passed over).
    /// </exception>
    public List<string>? Next()
    {
        while (_position < text.Length && text[_position] is '\r' or '\n')
        {
            EndLine();
        }

        Line = _line;
        if (_position == text.Length)
        {
            return null;
        }

        List<string> fields = [];
        while (true)
        {
            fields.Add(_position < text.Length && text[_position] == '"' ? Quoted() : Plain());
            if (_position == text.Length)
            {
                return fields;
            }

            if (text[_position] == ',')
            {
                _position++;
                continue;
            }

            if (text[_position] is '\r' or '\n')
            {
                EndLine();
                return fields;
            }

            _ = Plain(acrossCommas: true);
            throw new FormatException("something follows a closing quote");
        }
    }

    // A quote inside is a character like others.
    private string Plain(bool acrossCommas = false)
    {
        int length = text.AsSpan(_position).IndexOfAny(acrossCommas ? "\r\n" : ",\r\n");
        int end = length < 0 ? text.Length : _position + length;
        string field = text[_position..end];
        _position = end;
        return field;
    }

    private string Quoted()
    {
        _field.Clear();
        _position++;
        while (_position < text.Length)
        {
            char c = text[_position];
            if (c == '"')
            {
                _position++;
                if (_position == text.Length || text[_position] != '"')
                {
                    return _field.ToString();
                }

                _field.Append('"');
                _position++;
            }
            else if (c is '\r' or '\n')
            {
                int start = _position;
                EndLine();
                _field.Append(text, start, _position - start);
            }
            else
            {
                _field.Append(c);
                _position++;
            }
        }

        throw new FormatException("a quote is not closed");
    }

    private void EndLine()
    {
        _position += text.AsSpan(_position).StartsWith("\r\n") ? 2 : 1;
        _line++;
    }
}
