using System.Globalization;
using System.Text.Json;

namespace ManagedGemma.Cli.Input;

/// <summary>Reads one line of JSON lines: a line is an object.</summary>
internal static class JsonLine
{
    /// <summary>What is taken of a line's object.</summary>
    /// <param name="line">Its bytes.</param>
    /// <param name="file">What messages call the file.</param>
    /// <param name="number">The line's number, for messages.</param>
    /// <param name="expected">What a line looks like, for messages.</param>
    /// <param name="take">Takes it; a <see cref="FormatException"/> says what is wrong.</param>
    /// <exception cref="GemmaException">It is not such an object; file and line are named.</exception>
    public static T Read<T>(ReadOnlySpan<byte> line, string file, long number, string expected, Func<JsonElement, T> take)
    {
        try
        {
            Utf8JsonReader reader = new(line);
            using JsonDocument document = JsonDocument.ParseValue(ref reader);
            return reader.Read() || document.RootElement.ValueKind != JsonValueKind.Object
                ? throw new FormatException("the line is not one JSON object")
                : take(document.RootElement);
        }
        catch (FormatException exception)
        {
            throw Wrong(exception.Message, exception);
        }
        catch (JsonException exception)
        {
            throw Wrong("the line is not JSON", exception);
        }
        catch (InvalidOperationException exception)
        {
            // Bytes or escapes that are no text: bad UTF-8, half a surrogate pair.
            throw Wrong("the text is not valid Unicode", exception);
        }

        GemmaException Wrong(string problem, Exception inner) =>
            new(problem, file, string.Create(CultureInfo.InvariantCulture, $"line {number}"), expected, innerException: inner);
    }
}
