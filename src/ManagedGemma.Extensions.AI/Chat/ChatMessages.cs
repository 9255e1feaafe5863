using ManagedGemma.Generation.Chat;
using Microsoft.Extensions.AI;

namespace ManagedGemma.Extensions.AI.Chat;

/// <summary>Messages of Microsoft.Extensions.AI as the turns of Gemma's template.</summary>
internal static class ChatMessages
{
    /// <summary>Converts a conversation.</summary>
    /// <param name="messages">Text alone; system messages at the beginning become one.</param>
    /// <param name="instructions">Put before the system's text; null: none.</param>
    /// <exception cref="GemmaException">A role or a content that the model does not know.</exception>
    public static IReadOnlyList<ChatTurn> ToTurns(IEnumerable<ChatMessage> messages, string? instructions)
    {
        List<string> system = string.IsNullOrEmpty(instructions) ? [] : [instructions];
        List<ChatTurn> turns = [];
        int number = 0;
        foreach (ChatMessage message in messages)
        {
            ChatTurn turn = new(SpeakerOf(message, ++number), Parts(message, number));
            if (turn.Speaker == ChatSpeaker.System && turns.Count == 0)
            {
                // The template looks at the first part of one message only; here nothing is lost.
                system.Add(turn.Text);
            }
            else
            {
                turns.Add(turn);
            }
        }

        return system.Count == 0 ? turns : [new ChatTurn(ChatSpeaker.System, string.Join("\n\n", system)), .. turns];
    }

    private static ChatSpeaker SpeakerOf(ChatMessage message, int number)
    {
        ChatRole role = message.Role;
        return role == ChatRole.System ? ChatSpeaker.System
            : role == ChatRole.User ? ChatSpeaker.User
            : role == ChatRole.Assistant ? ChatSpeaker.Assistant
            : throw Wrong("the role is not supported", number, "system, user or assistant", role.Value);
    }

    private static ChatPart[] Parts(ChatMessage message, int number)
    {
        List<ChatPart> parts = [];
        foreach (AIContent content in message.Contents)
        {
            switch (content)
            {
                case TextContent text:
                    parts.Add(ChatPart.Of(text.Text));
                    break;
                case UsageContent:
                    // A streamed answer put back as it came: it says nothing.
                    break;
                case DataContent data when data.HasTopLevelMediaType("image"):
                case UriContent uri when uri.HasTopLevelMediaType("image"):
                    throw Wrong("images are not supported", number, "text", "an image");
                default:
                    throw Wrong("the content is not supported", number, "text", content.GetType().Name);
            }
        }

        return [.. parts];
    }

    private static GemmaException Wrong(string problem, int number, string expected, string found) =>
        new(problem, subject: $"message {number}", expected: expected, found: found);
}
