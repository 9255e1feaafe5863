using System.Buffers;
using System.Text.Json;
using ManagedGemma.Checkpoints;

namespace ManagedGemma.Conversion;

/// <summary>The config.json of a quantised checkpoint, as mlx-lm writes it: keys in order, indented by four.</summary>
internal static class MlxConfig
{
    // mlx-lm drops these: the vision tower is not part of what it writes, and the name is a path of someone's machine.
    private static readonly string[] Dropped = ["_name_or_path", "vision_config"];

    // The first is MLX's, the second is where Hugging Face's site looks.
    private static readonly string[] Added = ["quantization", "quantization_config"];

    /// <summary>The source's config with the scheme; every other key stays as it is, down to the spelling of numbers.</summary>
    /// <param name="json">A config.json that has been parsed before. Of equal keys the last one stays, as in Python.</param>
    /// <param name="scheme">What the file's modules are quantised with.</param>
    public static byte[] From(ReadOnlyMemory<byte> json, QuantizationScheme scheme)
    {
        using JsonDocument document = JsonDocument.Parse(json);
        SortedDictionary<string, JsonElement?> keys = new(StringComparer.Ordinal);
        foreach (JsonProperty property in document.RootElement.EnumerateObject())
        {
            keys[property.Name] = property.Value;
        }

        foreach (string key in Dropped)
        {
            keys.Remove(key);
        }

        foreach (string key in Added)
        {
            keys[key] = null;
        }

        ArrayBufferWriter<byte> buffer = new();
        using (Utf8JsonWriter writer = new(buffer, new JsonWriterOptions { Indented = true, IndentSize = 4, NewLine = "\n" }))
        {
            writer.WriteStartObject();
            foreach ((string key, JsonElement? value) in keys)
            {
                writer.WritePropertyName(key);
                if (value is { } kept)
                {
                    kept.WriteTo(writer);
                }
                else
                {
                    WriteScheme(writer, scheme);
                }
            }

            writer.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    private static void WriteScheme(Utf8JsonWriter writer, QuantizationScheme scheme)
    {
        writer.WriteStartObject();
        writer.WriteNumber("group_size"u8, scheme.GroupSize);
        writer.WriteNumber("bits"u8, scheme.Bits);
        writer.WriteString("mode"u8, QuantizationScheme.NameOf(scheme.Mode));
        writer.WriteEndObject();
    }
}
