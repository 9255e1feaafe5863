using System.Text.Json;

namespace ManagedGemma.Cli.Output;

/// <summary>
/// Remembers of each output what it was made of, for formats that cannot say it themselves: JSON lines in hidden files of the outputs'
/// directory, one a shard, so that shards may run side by side. A line is written after its output is in place and counts as long as
/// the output's date is the one it had then. Not safe for several threads.
/// </summary>
internal sealed class OutputRecord : IDisposable
{
    private const string Prefix = ".managed-gemma-captions";
    private const string Suffix = ".jsonl";

    private readonly string _directory;
    private readonly string _path;
    private readonly Dictionary<(string Output, long Date), string> _made = [];
    private FileStream? _file;

    /// <summary>Reads what is remembered of a directory, by all shards.</summary>
    /// <param name="directory">The outputs'; need not exist.</param>
    /// <param name="shard">What tells the shard's file from others'; empty: there is one.</param>
    /// <param name="cancellation">Looked at before every line.</param>
    public OutputRecord(string directory, string shard, CancellationToken cancellation)
    {
        _directory = directory;
        _path = Path.Combine(directory, Prefix + (shard.Length > 0 ? "-" + shard.Replace("/", "-of-", StringComparison.Ordinal) : string.Empty) + Suffix);
        if (!Directory.Exists(directory))
        {
            return;
        }

        foreach (string path in Directory.GetFiles(directory, Prefix + "*" + Suffix, new EnumerationOptions { AttributesToSkip = 0 }))
        {
            Read(path, cancellation);
        }
    }

    /// <summary>What an output was made of, as it was told then; null where nothing is known of the file that is there.</summary>
    /// <param name="output">Its path below the directory.</param>
    public string? Of(string output) => _made.GetValueOrDefault((output, DateOf(output)));

    /// <summary>Remembers an output that is in place.</summary>
    /// <param name="output">Its path below the directory.</param>
    /// <param name="made">What it was made of.</param>
    /// <exception cref="GemmaException">It cannot be written down.</exception>
    public void Add(string output, string made)
    {
        long date = DateOf(output);
        using MemoryStream line = new();
        using (Utf8JsonWriter json = new(line))
        {
            json.WriteStartObject();
            json.WriteString("output"u8, output);
            json.WriteNumber("date"u8, date);
            json.WriteString("made"u8, made);
            json.WriteEndObject();
        }

        line.WriteByte((byte)'\n');
        try
        {
            _file ??= Open();
            _file.Write(line.GetBuffer().AsSpan(0, (int)line.Length));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or NotSupportedException or ArgumentException)
        {
            throw new GemmaException("the file cannot be written", _path, found: exception.Message, innerException: exception);
        }

        _made[(output, date)] = made;
    }

    /// <inheritdoc/>
    public void Dispose() => _file?.Dispose();

    private long DateOf(string output) => File.GetLastWriteTimeUtc(Path.Combine(_directory, output)).Ticks;

    // A process that was killed may have left half a line.
    private FileStream Open()
    {
        FileStream file = new(_path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.ReadWrite, bufferSize: 0);
        if (file.Length > 0)
        {
            file.Seek(-1, SeekOrigin.End);
            bool isWhole = file.ReadByte() == '\n';
            file.Seek(0, SeekOrigin.End);
            if (!isWhole)
            {
                file.WriteByte((byte)'\n');
            }
        }

        return file;
    }

    private void Read(string path, CancellationToken cancellation)
    {
        try
        {
            using FileStream stream = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
            Input.LineReader reader = new(stream, path, longest: 1 << 16);
            while (reader.Next(out ReadOnlySpan<byte> line))
            {
                cancellation.ThrowIfCancellationRequested();
                Read(line);
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or GemmaException)
        {
            // What is not known is left as it is, and said.
        }
    }

    private void Read(ReadOnlySpan<byte> line)
    {
        try
        {
            Utf8JsonReader json = new(line);
            using JsonDocument document = JsonDocument.ParseValue(ref json);
            JsonElement root = document.RootElement;
            if (root.ValueKind == JsonValueKind.Object
                && root.TryGetProperty("output"u8, out JsonElement output) && output.ValueKind == JsonValueKind.String
                && root.TryGetProperty("date"u8, out JsonElement date) && date.ValueKind == JsonValueKind.Number && date.TryGetInt64(out long ticks)
                && root.TryGetProperty("made"u8, out JsonElement made) && made.ValueKind == JsonValueKind.String)
            {
                _made[(output.GetString()!, ticks)] = made.GetString()!;
            }
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            // Half a line, or somebody else's.
        }
    }
}
