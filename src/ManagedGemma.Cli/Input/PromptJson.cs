using System.Globalization;
using System.Text.Json;

namespace ManagedGemma.Cli.Input;

/// <summary>Reads a line of JSON lines about prompts: an object with <c>"text"</c>, or with <c>"ids"</c> as <c>tokenize --jsonl</c> prints them.</summary>
internal static class PromptJson
{
    private const string Expected = "{\"text\": \"…\"}";

    /// <summary>The text of a line.</summary>
    /// <exception cref="GemmaException">It is not such an object; file and line are named.</exception>
    public static string Text(ReadOnlySpan<byte> line, string file, long number) => Read(line, file, number, Text);

    /// <summary>The prompt of a line, and the name that its <c>"id"</c>, else its <c>"name"</c> gives; null when it has neither.</summary>
    /// <exception cref="GemmaException">It is not such an object; file and line are named.</exception>
    public static (Prompt Prompt, string? Name) Prompt(ReadOnlySpan<byte> line, string file, long number) =>
        Read(line, file, number, root => (Prompt(root), Name(root)));

    /// <summary>Whether a line is an object that speaks of a prompt.</summary>
    public static bool IsPrompt(ReadOnlySpan<byte> line)
    {
        try
        {
            return Read(line, string.Empty, 0, root => root.TryGetProperty("text"u8, out _) || root.TryGetProperty("ids"u8, out _));
        }
        catch (GemmaException)
        {
            return false;
        }
    }

    private static T Read<T>(ReadOnlySpan<byte> line, string file, long number, Func<JsonElement, T> take) =>
        JsonLine.Read(line, file, number, Expected, take);

    private static string Text(JsonElement root) =>
        root.TryGetProperty("text"u8, out JsonElement text) && text.ValueKind == JsonValueKind.String
            ? text.GetString()!
            : throw new FormatException("the line has no string \"text\"");

    private static Prompt Prompt(JsonElement root)
    {
        if (!root.TryGetProperty("ids"u8, out JsonElement ids))
        {
            return new Prompt(Text(root), null);
        }

        if (root.TryGetProperty("text"u8, out _))
        {
            throw new FormatException("the line has both \"text\" and \"ids\"");
        }

        return new Prompt(null, ids.ValueKind == JsonValueKind.Array ? [.. ids.EnumerateArray().Select(Id)] : throw NotIds());
    }

    private static int Id(JsonElement id) => id.ValueKind == JsonValueKind.Number && id.TryGetInt32(out int value) ? value : throw NotIds();

    private static FormatException NotIds() => new("\"ids\" is no array of token ids");

    private static string? Name(JsonElement root)
    {
        foreach (string key in new[] { "id", "name" })
        {
            if (root.TryGetProperty(key, out JsonElement name) && name.ValueKind != JsonValueKind.Null)
            {
                return name.ValueKind switch
                {
                    JsonValueKind.String => name.GetString()!,
                    JsonValueKind.Number when name.TryGetInt64(out long number) => number.ToString(CultureInfo.InvariantCulture),
                    _ => throw new FormatException($"\"{key}\" is neither a string nor a whole number"),
                };
            }
        }

        return null;
    }
}
