using System.Text.Json;
using ManagedGemma.Checkpoints;
using ManagedGemma.Cli.Input;
using ManagedGemma.Cli.Terminal;
using ManagedGemma.Generation.Chat;

namespace ManagedGemma.Cli.Commands.Chat;

/// <summary>A conversation in a file: JSON lines of role and content, as chat APIs spell messages.</summary>
internal static class ConversationFile
{
    private const string Expected = "{\"role\": \"user\", \"content\": \"…\"}";

    // Letters of every language as they are; the file is for programs and editors, not for web pages.
    private static readonly JsonWriterOptions Readable = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static readonly (ChatSpeaker Speaker, string Role)[] Roles =
        [(ChatSpeaker.System, "system"), (ChatSpeaker.User, "user"), (ChatSpeaker.Assistant, "assistant")];

    /// <summary>Writes it; the file appears whole or not at all.</summary>
    /// <exception cref="GemmaException">It cannot be written.</exception>
    public static void Write(string path, IReadOnlyList<ChatTurn> turns)
    {
        using AtomicFile file = AtomicFile.Create(path);
        foreach (ChatTurn turn in turns)
        {
            using (Utf8JsonWriter writer = new(file.Stream, Readable))
            {
                writer.WriteStartObject();
                writer.WriteString("role"u8, RoleOf(turn.Speaker));
                writer.WriteString("content"u8, turn.Text);
                writer.WriteEndObject();
            }

            file.Stream.WriteByte((byte)'\n');
        }

        file.Commit();
    }

    /// <summary>
    /// Reads what <see cref="Write"/> wrote, or another program: instructions first or none, then the person and the model by turns, an answer
    /// last. Blank lines and other keys are passed over.
    /// </summary>
    /// <exception cref="GemmaException">The file cannot be read, or is not such a conversation.</exception>
    public static IReadOnlyList<ChatTurn> Read(string path)
    {
        using Stream stream = InputFile.Open(path);
        LineReader lines = new(stream, path);
        List<ChatTurn> turns = [];
        ChatSpeaker next = ChatSpeaker.User;
        while (lines.Next(out ReadOnlySpan<byte> line))
        {
            if (lines.IsTooLong)
            {
                throw new GemmaException("the line is too long", path, $"line {lines.Number}", $"at most {lines.Longest} bytes");
            }

            if (line.IndexOfAnyExcept(" \t"u8) < 0)
            {
                continue;
            }

            ChatTurn turn = JsonLine.Read(line, path, lines.Number, Expected, Turn);
            bool isInstructions = turn.Speaker == ChatSpeaker.System && turns.Count == 0;
            if (turn.Speaker != next && !isInstructions)
            {
                throw new GemmaException("not this one's turn", path, $"line {lines.Number}: \"role\"", RoleOf(next), RoleOf(turn.Speaker));
            }

            next = turn.Speaker == ChatSpeaker.User ? ChatSpeaker.Assistant : ChatSpeaker.User;
            turns.Add(turn);
        }

        return next == ChatSpeaker.User ? turns : throw new GemmaException("the last message has no answer", path, "\"role\"", RoleOf(next), RoleOf(ChatSpeaker.User));
    }

    private static ChatTurn Turn(JsonElement line)
    {
        string role = Text(line, "role");
        (ChatSpeaker Speaker, string Role) known = Array.Find(Roles, x => x.Role == role);
        return known.Role is null
            ? throw new FormatException($"\"role\" is \"{SafeText.Begin(role, 40)}\", not system, user or assistant")
            : new ChatTurn(known.Speaker, Text(line, "content"));
    }

    private static string Text(JsonElement line, string key) =>
        line.TryGetProperty(key, out JsonElement text) && text.ValueKind == JsonValueKind.String
            ? text.GetString()!
            : throw new FormatException($"the line has no string \"{key}\"");

    private static string RoleOf(ChatSpeaker speaker) => Array.Find(Roles, x => x.Speaker == speaker).Role;
}
