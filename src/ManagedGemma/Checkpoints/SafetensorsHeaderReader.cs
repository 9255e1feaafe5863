using System.Text.Json;

namespace ManagedGemma.Checkpoints;

/// <summary>Reads the JSON of a safetensors header token by token; nesting is bounded by the JSON reader, so the stack is.</summary>
internal ref struct SafetensorsHeaderReader
{
    private const string MetadataKey = "__metadata__";

    private readonly long _dataStart;
    private readonly long _dataLength;
    private readonly string _path;
    private readonly List<SafetensorsTensor> _tensors = [];
    private readonly HashSet<string> _names = new(StringComparer.Ordinal);
    private Dictionary<string, string>? _metadata;
    private Utf8JsonReader _json;

    public SafetensorsHeaderReader(ReadOnlySpan<byte> json, long dataStart, long dataLength, string path)
    {
        _json = new Utf8JsonReader(json);
        _dataStart = dataStart;
        _dataLength = dataLength;
        _path = path;
    }

    public SafetensorsHeader Read()
    {
        try
        {
            ReadRoot();
        }
        catch (JsonException exception)
        {
            throw new GemmaException("the header is not JSON", _path, found: exception.Message, innerException: exception);
        }

        CheckCoverage();
        return new SafetensorsHeader(_tensors, _metadata ?? [], _dataStart);
    }

    private void ReadRoot()
    {
        _json.Read();
        if (_json.TokenType != JsonTokenType.StartObject)
        {
            throw new GemmaException("the header is not an object", _path, expected: "a JSON object", found: Describe());
        }

        while (_json.Read() && _json.TokenType == JsonTokenType.PropertyName)
        {
            string name = Text("a tensor's name");
            if (!_names.Add(name))
            {
                throw new GemmaException("duplicate tensor name", _path, Untrusted.Show(name));
            }

            _json.Read();
            if (name == MetadataKey)
            {
                ReadMetadata();
            }
            else
            {
                _tensors.Add(ReadEntry(name));
            }
        }

        // Anything but white space after the object is an error, which this last call reports.
        _json.Read();
    }

    private void ReadMetadata()
    {
        if (_json.TokenType == JsonTokenType.Null)
        {
            return;
        }

        if (_json.TokenType != JsonTokenType.StartObject)
        {
            throw new GemmaException("the metadata is not an object", _path, MetadataKey, "an object of strings", Describe());
        }

        _metadata = new Dictionary<string, string>(StringComparer.Ordinal);
        while (_json.Read() && _json.TokenType == JsonTokenType.PropertyName)
        {
            string key = Text(MetadataKey);
            _json.Read();
            if (_json.TokenType != JsonTokenType.String)
            {
                throw new GemmaException("the metadata holds something else than text", _path, Untrusted.Show(key), "a string", Describe());
            }

            _metadata[key] = Text(key);
        }
    }

    private SafetensorsTensor ReadEntry(string name)
    {
        if (_json.TokenType != JsonTokenType.StartObject)
        {
            throw Bad(name, "the entry is not an object", "an object", Describe());
        }

        string? typeName = null;
        long[]? shape = null;
        (long Begin, long End)? offsets = null;
        while (_json.Read() && _json.TokenType == JsonTokenType.PropertyName)
        {
            switch (Text(name))
            {
                case "dtype":
                    Once(name, "dtype", typeName is null);
                    _json.Read();
                    typeName = _json.TokenType == JsonTokenType.String ? Text(name) : throw Bad(name, "dtype is not text", "a string", Describe());
                    break;
                case "shape":
                    Once(name, "shape", shape is null);
                    _json.Read();
                    shape = ReadShape(name);
                    break;
                case "data_offsets":
                    Once(name, "data_offsets", offsets is null);
                    _json.Read();
                    offsets = ReadOffsets(name);
                    break;
                default:
                    _json.Skip();
                    break;
            }
        }

        return Validate(
            name,
            typeName ?? throw Bad(name, "dtype is missing"),
            shape ?? throw Bad(name, "shape is missing"),
            offsets ?? throw Bad(name, "data_offsets is missing"));
    }

    private long[] ReadShape(string name)
    {
        if (_json.TokenType != JsonTokenType.StartArray)
        {
            throw Bad(name, "shape is not a list", "a list of whole numbers", Describe());
        }

        List<long> shape = [];
        while (_json.Read() && _json.TokenType != JsonTokenType.EndArray)
        {
            if (_json.TokenType != JsonTokenType.Number)
            {
                throw Bad(name, "shape holds something else than numbers", "a list of whole numbers", Describe());
            }

            if (!_json.TryGetInt64(out long dimension))
            {
                throw Bad(name, "the shape is too large or not whole", "whole numbers", Describe());
            }

            shape.Add(dimension >= 0 ? dimension : throw Bad(name, "the shape is negative", "at least 0", Describe()));
        }

        return [.. shape];
    }

    private (long Begin, long End) ReadOffsets(string name)
    {
        const string Expected = "two numbers";
        if (_json.TokenType != JsonTokenType.StartArray)
        {
            throw Bad(name, "data_offsets is not a list", Expected, Describe());
        }

        long begin = 0;
        long end = 0;
        int count = 0;
        while (_json.Read() && _json.TokenType != JsonTokenType.EndArray)
        {
            if (_json.TokenType != JsonTokenType.Number || count == 2)
            {
                throw Bad(name, "data_offsets needs two numbers", Expected, count == 2 ? "more" : Describe());
            }

            if (!_json.TryGetInt64(out long offset))
            {
                throw Bad(name, "the offsets are past the end of the file or not whole", $"at most {_dataLength}", Describe());
            }

            begin = count == 0 ? offset : begin;
            end = offset;
            count++;
        }

        return count == 2 ? (begin, end) : throw Bad(name, "data_offsets needs two numbers", Expected, $"{count}");
    }

    private readonly SafetensorsTensor Validate(string name, string typeName, long[] shape, (long Begin, long End) offsets)
    {
        ElementType type = ElementTypeExtensions.FromSafetensorsName(typeName)
            ?? throw Bad(name, $"unknown dtype {Untrusted.Show(typeName)}");
        (long begin, long end) = offsets;
        if (begin < 0 || end < 0)
        {
            throw Bad(name, "the offsets are negative", "at least 0", $"{begin} to {end}");
        }

        if (end < begin)
        {
            throw Bad(name, "the offsets are reversed", "the end after the beginning", $"{begin} to {end}");
        }

        if (end > _dataLength)
        {
            throw Bad(
                name,
                "the data runs past the end of the file (truncated download?)",
                $"an end of at most {_dataLength}",
                $"{end}");
        }

        long bytes = type.ByteSize();
        foreach (long dimension in shape)
        {
            if (dimension != 0 && bytes > long.MaxValue / dimension)
            {
                throw Bad(name, "the shape is too large", "at most 2^63 - 1 bytes", Untrusted.Show(shape));
            }

            bytes *= dimension;
        }

        if (bytes != end - begin)
        {
            throw Bad(name, "shape and data size disagree", $"{bytes} bytes for {typeName} {Untrusted.Show(shape)}", $"{end - begin} bytes");
        }

        return new SafetensorsTensor(name, type, shape, _dataStart + begin, bytes);
    }

    /// <summary>Every byte of the data belongs to exactly one tensor.</summary>
    private readonly void CheckCoverage()
    {
        long covered = _dataStart;
        foreach (SafetensorsTensor tensor in _tensors.OrderBy(t => t.Offset).ThenBy(t => t.ByteLength))
        {
            if (tensor.Offset != covered)
            {
                throw Bad(
                    tensor.Name,
                    tensor.Offset < covered ? "the offsets overlap another tensor" : "the offsets leave a gap",
                    $"a beginning at {covered - _dataStart}",
                    $"{tensor.Offset - _dataStart}");
            }

            covered += tensor.ByteLength;
        }

        if (covered - _dataStart != _dataLength)
        {
            throw new GemmaException(
                "bytes after the last tensor belong to nobody", _path, expected: $"{covered} bytes in the file", found: $"{_dataStart + _dataLength}");
        }
    }

    private readonly void Once(string name, string key, bool first)
    {
        if (!first)
        {
            throw Bad(name, $"{key} is given twice");
        }
    }

    /// <summary>The current string; text that is not Unicode (which the JSON reader lets pass until asked) is an error.</summary>
    private readonly string Text(string subject)
    {
        try
        {
            return _json.GetString()!;
        }
        catch (InvalidOperationException exception)
        {
            throw new GemmaException("the header holds text that is not Unicode", _path, Untrusted.Show(subject), innerException: exception);
        }
    }

    private readonly string Describe() => _json.TokenType switch
    {
        JsonTokenType.None => "nothing",
        JsonTokenType.StartObject => "an object",
        JsonTokenType.StartArray => "a list",
        JsonTokenType.String => "text",
        JsonTokenType.Null => "null",
        JsonTokenType.Number => Untrusted.Show(System.Text.Encoding.ASCII.GetString(_json.ValueSpan[..Math.Min(_json.ValueSpan.Length, 200)])),
        _ => "a truth value",
    };

    private readonly GemmaException Bad(string name, string problem, string? expected = null, string? found = null) =>
        new(problem, _path, Untrusted.Show(name), expected, found);
}
