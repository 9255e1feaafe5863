using System.Globalization;
using System.Text;
using ManagedGemma.Cli.Hosting;
using ManagedGemma.Cli.Output;

namespace ManagedGemma.Cli.Input;

/// <summary>
/// Reads the prompts of a batch: one a line, or JSON lines. The list is read whole before the first prompt is encoded, so that
/// bad lines show at once and not hours later, and so that the time left can be told.
/// </summary>
internal sealed class BatchFile
{
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly string _name;
    private readonly BatchFormat _format;
    private readonly LineReader _reader;
    private readonly Dictionary<string, long> _names = new(OutputName.Comparer);
    private readonly List<BatchLine> _lines = [];

    private BatchFile(string path, BatchFormat format, Stream stream)
    {
        _name = InputFile.NameOf(path);
        _format = format;
        _reader = new LineReader(stream, _name);
    }

    /// <summary>Reads all lines but blank ones.</summary>
    /// <param name="path">A file, or <c>-</c> for standard input.</param>
    /// <param name="format">How they are written down; see <see cref="FormatOf"/>.</param>
    /// <param name="host">Whose standard input it is.</param>
    /// <param name="cancellation">Looked at before every line.</param>
    /// <exception cref="GemmaException">The file cannot be read, or holds no prompt.</exception>
    /// <exception cref="UsageException">It looks like JSON lines, and nothing says which of the two it is.</exception>
    public static IReadOnlyList<BatchLine> Read(string path, BatchFormat format, Host host, CancellationToken cancellation)
    {
        using Stream stream = InputFile.Open(path, host);
        BatchFile file = new(path, FormatOf(path, format), stream);
        file.ReadLines(refusesJson: format == BatchFormat.Auto, cancellation);
        return file._lines.Count > 0 ? file._lines : throw new GemmaException("there is no prompt in it", file._name, expected: "a prompt a line");
    }

    /// <summary>JSON lines when the file's name ends so, else text: standard input is text unless it is said to be JSON lines.</summary>
    public static BatchFormat FormatOf(string path, BatchFormat format)
    {
        if (format != BatchFormat.Auto)
        {
            return format;
        }

        string extension = Path.GetExtension(path);
        bool isJson = extension.Equals(".jsonl", StringComparison.OrdinalIgnoreCase) || extension.Equals(".ndjson", StringComparison.OrdinalIgnoreCase);
        return isJson ? BatchFormat.JsonLines : BatchFormat.Text;
    }

    private void ReadLines(bool refusesJson, CancellationToken cancellation)
    {
        while (_reader.Next(out ReadOnlySpan<byte> bytes))
        {
            cancellation.ThrowIfCancellationRequested();
            try
            {
                if (_reader.IsTooLong)
                {
                    throw Wrong("the line is too long", expected: $"at most {_reader.Longest} bytes");
                }

                if (_format == BatchFormat.Text && refusesJson && _lines.Count == 0 && PromptJson.IsPrompt(bytes))
                {
                    throw new UsageException($"{_name} looks like JSON lines: --batch-format jsonl or text says what it is");
                }

                Add(bytes);
            }
            catch (GemmaException problem)
            {
                _lines.Add(new BatchLine(_reader.Number, OutputName.OfLine(_reader.Number), null, problem));
            }
        }
    }

    private void Add(ReadOnlySpan<byte> bytes)
    {
        if (_format == BatchFormat.JsonLines)
        {
            if (!bytes.ContainsAnyExcept(" \t"u8))
            {
                return;
            }

            (Prompt prompt, string? name) = PromptJson.Prompt(bytes, _name, _reader.Number);
            Add(prompt, name);
            return;
        }

        string text = Decode(bytes);
        if (!string.IsNullOrWhiteSpace(text))
        {
            Add(new Prompt(text, null), null);
        }
    }

    private void Add(Prompt prompt, string? given)
    {
        string name = given ?? OutputName.OfLine(_reader.Number);
        if (OutputName.Problem(name) is { } problem)
        {
            throw Wrong("the prompt's name is no file name", expected: problem, found: name);
        }

        if (!_names.TryAdd(name, _reader.Number))
        {
            throw Wrong($"line {_names[name].ToString(CultureInfo.InvariantCulture)} has the same name", expected: "a name of its own", found: name);
        }

        _lines.Add(new BatchLine(_reader.Number, name, prompt, null));
    }

    private string Decode(ReadOnlySpan<byte> bytes)
    {
        try
        {
            return Strict.GetString(bytes);
        }
        catch (DecoderFallbackException exception)
        {
            throw Wrong("the line is not UTF-8", expected: "UTF-8 text", found: $"a bad byte at position {exception.Index}", inner: exception);
        }
    }

    private GemmaException Wrong(string problem, string expected, string? found = null, Exception? inner = null) =>
        new(problem, _name, string.Create(CultureInfo.InvariantCulture, $"line {_reader.Number}"), expected, found, inner);
}
