using System.Text.Json;
using ManagedGemma.Checkpoints;
using ManagedGemma.Generation.Chat;

namespace ManagedGemma.Cli.Commands.Chat;

/// <summary>A conversation in a file: JSON lines of role and content, as chat APIs spell messages.</summary>
internal static class ConversationFile
{
    // Letters of every language as they are; the file is for programs and editors, not for web pages.
    private static readonly JsonWriterOptions Readable = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

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
                writer.WriteString("role"u8, turn.Speaker switch { ChatSpeaker.System => "system"u8, ChatSpeaker.User => "user"u8, _ => "assistant"u8 });
                writer.WriteString("content"u8, turn.Text);
                writer.WriteEndObject();
            }

            file.Stream.WriteByte((byte)'\n');
        }

        file.Commit();
    }
}
