using System.Text.Json;

namespace ManagedGemma.Checkpoints;

/// <summary>
/// Typed access to one object of a config.json, or to two of which the first goes before (text_config before the root).
/// A key that is null counts as absent, as in Python. Text that is not Unicode, which the JSON reader lets pass until it
/// is asked, is an error like any other.
/// </summary>
internal readonly struct ConfigReader
{
    private readonly Dictionary<string, JsonElement> _first;
    private readonly Dictionary<string, JsonElement>? _second;

    public ConfigReader(JsonElement first, string path, string location = "")
    {
        Path = path;
        Location = location;
        _first = Properties(first, path, location);
        _second = null;
    }

    private ConfigReader(ConfigReader first, ConfigReader second)
    {
        Path = first.Path;
        Location = first.Location;
        _first = first._first;
        _second = second._first;
    }

    /// <summary>The file, for messages.</summary>
    public string Path { get; }

    /// <summary>What goes before a key in messages: <c>rope_parameters.full_attention.</c> or nothing.</summary>
    public string Location { get; }

    /// <summary>The object's own properties; the last of equal keys.</summary>
    public IReadOnlyDictionary<string, JsonElement> Own => _first;

    /// <summary>This object's keys go before another's.</summary>
    public ConfigReader Before(ConfigReader other) => new(this, other);

    public bool TryGet(string key, out JsonElement value) =>
        (_first.TryGetValue(key, out value) && value.ValueKind != JsonValueKind.Null)
        || (_second is not null && _second.TryGetValue(key, out value) && value.ValueKind != JsonValueKind.Null);

    /// <summary>An object under a key; null when it is absent.</summary>
    public ConfigReader? Object(string key) =>
        TryGet(key, out JsonElement value) ? new ConfigReader(value, Path, $"{Location}{key}.") : null;

    /// <summary>A whole number from 1 to a limit.</summary>
    public int Size(string key, int? fallback, int most)
    {
        if (!TryGet(key, out JsonElement value))
        {
            return fallback ?? throw Bad(key, "the key is missing");
        }

        long number = Whole(key, value);
        if (number <= 0)
        {
            throw Bad(key, "must be positive", "at least 1", Raw(value));
        }

        return number <= most ? (int)number : throw Bad(key, "is too large", $"at most {most}", Raw(value));
    }

    /// <summary>A token id.</summary>
    public int TokenId(string key, JsonElement value)
    {
        long number = Whole(key, value);
        return number is >= 0 and <= int.MaxValue ? (int)number : throw Bad(key, "is not a token id", "0 or more", Raw(value));
    }

    /// <summary>A positive, finite number.</summary>
    public double Positive(string key, double? fallback)
    {
        if (!TryGet(key, out JsonElement value))
        {
            return fallback ?? throw Bad(key, "the key is missing");
        }

        if (value.ValueKind != JsonValueKind.Number || !value.TryGetDouble(out double number))
        {
            throw Bad(key, "is not a number", "a positive number", Raw(value));
        }

        if (!double.IsFinite(number))
        {
            throw Bad(key, "must be a finite number", found: Raw(value));
        }

        return number > 0 ? number : throw Bad(key, "must be positive", "a positive number", Raw(value));
    }

    /// <summary>Text; null when the key is absent.</summary>
    public string? Text(string key) => TryGet(key, out JsonElement value) ? Text(key, value) : null;

    public string Text(string key, JsonElement value)
    {
        if (value.ValueKind != JsonValueKind.String)
        {
            throw Bad(key, "is not text", "a string", Raw(value));
        }

        try
        {
            return value.GetString()!;
        }
        catch (InvalidOperationException exception)
        {
            throw new GemmaException("the file holds text that is not Unicode", Path, Location + key, innerException: exception);
        }
    }

    /// <summary>The exception for a key of this object.</summary>
    public GemmaException Bad(string key, string problem, string? expected = null, string? found = null) =>
        new(problem, Path, Untrusted.Show(Location + key), expected, found);

    /// <summary>A value as it is written in the file, for messages.</summary>
    public static string Raw(JsonElement value)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                return "an object";
            case JsonValueKind.Array:
                return "a list";
            default:
                try
                {
                    return Untrusted.Show(value.GetRawText());
                }
                catch (InvalidOperationException)
                {
                    return "text that is not Unicode";
                }
        }
    }

    private long Whole(string key, JsonElement value)
    {
        if (value.ValueKind != JsonValueKind.Number)
        {
            throw Bad(key, "is not a number", "a whole number", Raw(value));
        }

        return value.TryGetInt64(out long number) ? number : throw Bad(key, "is too large or not whole", "a whole number", Raw(value));
    }

    private static Dictionary<string, JsonElement> Properties(JsonElement element, string path, string location)
    {
        if (element.ValueKind != JsonValueKind.Object)
        {
            string? subject = location.Length == 0 ? null : location.TrimEnd('.');
            throw new GemmaException(
                subject is null ? "the file is not a JSON object" : "is not an object", path, subject, "an object", Raw(element));
        }

        Dictionary<string, JsonElement> properties = new(StringComparer.Ordinal);
        try
        {
            foreach (JsonProperty property in element.EnumerateObject())
            {
                properties[property.Name] = property.Value;
            }
        }
        catch (InvalidOperationException exception)
        {
            throw new GemmaException("the file holds a key that is not Unicode", path, innerException: exception);
        }

        return properties;
    }
}
