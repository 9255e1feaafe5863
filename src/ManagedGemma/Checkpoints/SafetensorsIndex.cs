using System.Text.Json;

namespace ManagedGemma.Checkpoints;

/// <summary>A <c>model.safetensors.index.json</c>: which file of the directory holds which tensor.</summary>
internal sealed class SafetensorsIndex
{
    /// <summary>The most bytes that an index may have.</summary>
    public const int LongestFile = 64 << 20;

    /// <summary>The index's usual name.</summary>
    public const string FileName = "model.safetensors.index.json";

    private const string MapKey = "weight_map";

    private SafetensorsIndex(IReadOnlyList<string> files, IReadOnlyList<KeyValuePair<string, string>> tensors)
    {
        Files = files;
        Tensors = tensors;
    }

    /// <summary>The files' names, each once, in order of appearance; bare names without a directory.</summary>
    public IReadOnlyList<string> Files { get; }

    /// <summary>Tensor name and file name, as listed; tensor names are unique.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Tensors { get; }

    /// <summary>Reads an index.</summary>
    /// <param name="json">The file's bytes.</param>
    /// <param name="path">The file's path, for messages.</param>
    /// <exception cref="GemmaException">It is not JSON, has no weight_map, or names a file outside the directory.</exception>
    public static SafetensorsIndex Parse(ReadOnlySpan<byte> json, string path)
    {
        try
        {
            Utf8JsonReader reader = new(json);
            reader.Read();
            if (reader.TokenType != JsonTokenType.StartObject)
            {
                throw new GemmaException("the index is not an object", path, expected: "a JSON object");
            }

            SafetensorsIndex? index = null;
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                if (Text(ref reader, path) == MapKey)
                {
                    index = index is null ? ReadMap(ref reader, path) : throw new GemmaException("the key is given twice", path, MapKey);
                }
                else
                {
                    reader.Skip();
                }
            }

            // Anything but white space after the object is an error, which this last call reports.
            reader.Read();
            return index ?? throw new GemmaException("the key is missing", path, MapKey, "an object of tensor and file names");
        }
        catch (JsonException exception)
        {
            throw new GemmaException("the index is not JSON", path, found: exception.Message, innerException: exception);
        }
    }

    private static SafetensorsIndex ReadMap(ref Utf8JsonReader reader, string path)
    {
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            throw new GemmaException("is not an object", path, MapKey, "an object of tensor and file names");
        }

        List<string> files = [];
        Dictionary<string, string> known = new(StringComparer.Ordinal);
        List<KeyValuePair<string, string>> tensors = [];
        HashSet<string> names = new(StringComparer.Ordinal);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            string tensor = Text(ref reader, path);
            if (!names.Add(tensor))
            {
                throw new GemmaException("duplicate tensor name", path, Untrusted.Show(tensor));
            }

            reader.Read();
            if (reader.TokenType != JsonTokenType.String)
            {
                throw new GemmaException("the file's name is not text", path, Untrusted.Show(tensor), "a string");
            }

            string file = Text(ref reader, path);
            if (!known.TryGetValue(file, out string? same))
            {
                CheckInside(file, tensor, path);
                known.Add(file, same = file);
                files.Add(file);
            }

            tensors.Add(new KeyValuePair<string, string>(tensor, same));
        }

        return new SafetensorsIndex(files, tensors);
    }

    /// <summary>Only a bare name is allowed, on any system: no separators, no drive, not the directory itself or its parent.</summary>
    private static void CheckInside(string file, string tensor, string path)
    {
        if (file.AsSpan().Trim(". ").IsEmpty || file.AsSpan().IndexOfAny("/\\:\0") >= 0)
        {
            throw new GemmaException(
                "the index names a file outside the directory", path, Untrusted.Show(tensor), "a bare file name", Untrusted.Show(file));
        }
    }

    private static string Text(ref Utf8JsonReader reader, string path)
    {
        try
        {
            return reader.GetString()!;
        }
        catch (InvalidOperationException exception)
        {
            throw new GemmaException("the index holds text that is not Unicode", path, innerException: exception);
        }
    }
}
