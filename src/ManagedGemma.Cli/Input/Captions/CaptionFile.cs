using System.Globalization;
using System.Text;
using System.Text.Json;
using ManagedGemma.Cli.Hosting;
using ManagedGemma.Cli.Output;

namespace ManagedGemma.Cli.Input.Captions;

/// <summary>
/// Reads captions and the media that they belong to, in the formats and with the names of ltx-trainer's <c>process_captions.py</c>, and a
/// caption a line besides. Read whole before the first caption is encoded, so that bad lines show at once.
/// </summary>
internal sealed class CaptionFile
{
    private const int MostBytes = 1 << 30;

    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly string _name;
    private readonly CaptionColumns _columns;
    private readonly CancellationToken _cancellation;
    private readonly Dictionary<string, long> _outputs = new(OutputName.Comparer);
    private readonly List<BatchLine> _lines = [];

    private CaptionFile(string path, CaptionColumns columns, CancellationToken cancellation)
    {
        _name = InputFile.NameOf(path);
        _columns = columns;
        _cancellation = cancellation;
    }

    /// <summary>Reads all captions. A line's name is its output's path below the output's directory, without extension.</summary>
    /// <param name="path">A file, or <c>-</c> for standard input.</param>
    /// <param name="format">How captions are written down.</param>
    /// <param name="columns">What columns or keys are called.</param>
    /// <param name="host">Whose standard input it is.</param>
    /// <param name="cancellation">Looked at before every line.</param>
    /// <exception cref="GemmaException">The file cannot be read, is not of its format, lacks a column, or holds no caption.</exception>
    /// <exception cref="UsageException">Nothing says which format it is.</exception>
    public static IReadOnlyList<BatchLine> Read(string path, CaptionFormat format, CaptionColumns columns, Host host, CancellationToken cancellation)
    {
        format = FormatOf(path, format);
        CaptionFile file = new(path, columns, cancellation);
        using Stream stream = InputFile.Open(path, host);
        switch (format)
        {
            case CaptionFormat.Csv:
                file.ReadCsv(file.Decode(file.ReadAll(stream)));
                break;
            case CaptionFormat.Json:
                file.ReadJson(file.ReadAll(stream));
                break;
            default:
                file.ReadLines(stream, format == CaptionFormat.JsonLines);
                break;
        }

        return file._lines.Count > 0 ? file._lines : throw new GemmaException("the file holds no captions", file._name);
    }

    private static CaptionFormat FormatOf(string path, CaptionFormat format) => format != CaptionFormat.Auto
        ? format
        : Path.GetExtension(path).ToLowerInvariant() switch
        {
            ".csv" => CaptionFormat.Csv,
            ".json" => CaptionFormat.Json,
            ".jsonl" or ".ndjson" => CaptionFormat.JsonLines,
            ".txt" => CaptionFormat.Text,
            _ => throw new UsageException("--captions takes a .csv, .json, .jsonl or .txt file; --captions-format says what another is"),
        };

    private void ReadCsv(string text)
    {
        CsvReader reader = new(text);
        List<string> header = Header(reader);
        int caption = Column(header, _columns.Caption), media = Column(header, _columns.Media);
        while (true)
        {
            _cancellation.ThrowIfCancellationRequested();
            try
            {
                if (reader.Next() is not { } fields)
                {
                    return;
                }

                if (fields.Count != header.Count)
                {
                    throw new FormatException($"the record has {fields.Count} fields, the column names are {header.Count}");
                }

                Add(reader.Line, fields[caption], fields[media]);
            }
            catch (FormatException problem)
            {
                Fail(reader.Line, problem);
            }
        }
    }

    private List<string> Header(CsvReader reader)
    {
        try
        {
            return reader.Next() ?? throw new GemmaException("the file holds no captions", _name);
        }
        catch (FormatException problem)
        {
            throw new GemmaException("the column names cannot be read", _name, LineName(reader.Line), found: problem.Message, innerException: problem);
        }
    }

    private int Column(List<string> header, string column)
    {
        int index = header.IndexOf(column);
        return index >= 0
            ? index
            : throw new GemmaException("a column is missing", _name, LineName(1), column, string.Join(", ", header.Take(20)));
    }

    private void ReadJson(ReadOnlySpan<byte> bytes)
    {
        if (bytes.StartsWith("\uFEFF"u8))
        {
            bytes = bytes[3..];
        }

        long line = 1;
        int counted = 0;
        try
        {
            Utf8JsonReader reader = new(bytes);
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartArray)
            {
                throw new GemmaException("the file is no list of captions", _name, expected: "a JSON array of objects");
            }

            while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
            {
                _cancellation.ThrowIfCancellationRequested();
                line += bytes[counted..(int)reader.TokenStartIndex].Count((byte)'\n');
                counted = (int)reader.TokenStartIndex;
                using JsonDocument entry = JsonDocument.ParseValue(ref reader);
                Add(line, entry.RootElement);
            }

            // Anything but white space after the list is an error, which this call reports.
            reader.Read();
        }
        catch (JsonException exception)
        {
            throw new GemmaException("the file is not JSON", _name, found: exception.Message, innerException: exception);
        }
    }

    private void ReadLines(Stream stream, bool isJson)
    {
        LineReader reader = new(stream, _name);
        while (reader.Next(out ReadOnlySpan<byte> bytes))
        {
            _cancellation.ThrowIfCancellationRequested();
            try
            {
                if (reader.IsTooLong)
                {
                    throw new FormatException($"the line has more than {reader.Longest} bytes");
                }

                if (!bytes.ContainsAnyExcept(" \t"u8))
                {
                    continue;
                }

                if (!isJson)
                {
                    Add(reader.Number, Strict.GetString(bytes), null);
                    continue;
                }

                Utf8JsonReader json = new(bytes);
                using JsonDocument entry = JsonDocument.ParseValue(ref json);
                json.Read();
                Add(reader.Number, entry.RootElement);
            }
            catch (JsonException exception)
            {
                Fail(reader.Number, new FormatException("the line is not one JSON object", exception));
            }
            catch (DecoderFallbackException exception)
            {
                Fail(reader.Number, new FormatException($"the line is not UTF-8: a bad byte at position {exception.Index}", exception));
            }
            catch (FormatException problem)
            {
                Fail(reader.Number, problem);
            }
        }
    }

    private void Add(long line, JsonElement entry)
    {
        try
        {
            if (entry.ValueKind != JsonValueKind.Object)
            {
                throw new FormatException("the entry is no JSON object");
            }

            Add(line, Text(entry, _columns.Caption), Text(entry, _columns.Media));
        }
        catch (InvalidOperationException exception)
        {
            // Half a surrogate pair, or bytes that are not UTF-8.
            Fail(line, new FormatException("the text is not valid Unicode", exception));
        }
        catch (FormatException problem)
        {
            Fail(line, problem);
        }
    }

    private static string Text(JsonElement entry, string key) =>
        !entry.TryGetProperty(key, out JsonElement value) ? throw new FormatException($"the entry has no \"{key}\"")
        : value.ValueKind == JsonValueKind.String ? value.GetString()!
        : throw new FormatException($"\"{key}\" is not a string");

    private void Add(long line, string caption, string? media)
    {
        string output = media is null ? OutputName.OfLine(line) : MediaPath.OutputOf(media);
        if (!_outputs.TryAdd(output, line))
        {
            throw new FormatException($"line {_outputs[output].ToString(CultureInfo.InvariantCulture)} has the same output, {output}");
        }

        _lines.Add(new BatchLine(line, output, new Prompt(caption, null), null));
    }

    private void Fail(long line, FormatException problem) =>
        _lines.Add(new BatchLine(line, OutputName.OfLine(line), null, new GemmaException(problem.Message, _name, LineName(line), innerException: problem)));

    private static string LineName(long line) => string.Create(CultureInfo.InvariantCulture, $"line {line}");

    private byte[] ReadAll(Stream stream)
    {
        try
        {
            using MemoryStream all = new();
            byte[] buffer = new byte[1 << 16];
            for (int count = stream.Read(buffer); count > 0; count = stream.Read(buffer))
            {
                _cancellation.ThrowIfCancellationRequested();
                if (all.Length + count > MostBytes)
                {
                    throw new GemmaException("the file is too large", _name, expected: $"at most {MostBytes} bytes; JSON lines may be longer");
                }

                all.Write(buffer, 0, count);
            }

            return all.ToArray();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new GemmaException("the file cannot be read", _name, found: exception.Message, innerException: exception);
        }
    }

    private string Decode(byte[] bytes)
    {
        try
        {
            string text = Strict.GetString(bytes);
            return text.StartsWith('\uFEFF') ? text[1..] : text;
        }
        catch (DecoderFallbackException exception)
        {
            throw new GemmaException("the file is not UTF-8", _name, expected: "UTF-8 text", found: $"a bad byte at position {exception.Index}", innerException: exception);
        }
    }
}
