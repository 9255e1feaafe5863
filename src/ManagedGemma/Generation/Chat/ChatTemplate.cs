using System.Text;
using ManagedGemma.Tokenization;

namespace ManagedGemma.Generation.Chat;

/// <summary>
/// Conversations as Gemma 3 was trained on them: what <c>chat_template.jinja</c> of the instruction-tuned checkpoints makes of messages.
/// </summary>
/// <remarks>
/// As in the original, marks that stand in a message's text (<c>&lt;end_of_turn&gt;</c>) are the marks themselves once it is tokenised: text
/// from strangers can end its own turn.
/// </remarks>
public static class ChatTemplate
{
    /// <summary>The piece that ends every message, and with which an instruction-tuned model ends its answer.</summary>
    public const string EndOfTurn = "<end_of_turn>";

    private const string StartOfTurn = "<start_of_turn>";
    private const string StartOfImage = "<start_of_image>";
    private const string Bos = "<bos>";

    /// <summary>The conversation as text, its beginning-of-sequence mark included.</summary>
    /// <param name="turns">A system message first or none, then the person and the model by turns.</param>
    /// <param name="beginAnswer">Whether the model's next message is begun at the end.</param>
    /// <exception cref="GemmaException">No messages, or not by turns.</exception>
    public static string Render(IReadOnlyList<ChatTurn> turns, bool beginAnswer = true) => Bos + RenderBody(turns, beginAnswer);

    /// <summary>The conversation as tokens, exactly one beginning-of-sequence token in front.</summary>
    /// <param name="tokenizer">Whose tokens; one without the marks of turns gets them as plain text.</param>
    /// <param name="turns">As for <see cref="Render"/>, without images.</param>
    /// <param name="beginAnswer">As for <see cref="Render"/>.</param>
    /// <exception cref="GemmaException">As for <see cref="Render"/>; an image.</exception>
    public static int[] Tokenize(PromptTokenizer tokenizer, IReadOnlyList<ChatTurn> turns, bool beginAnswer = true)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        ArgumentNullException.ThrowIfNull(turns);
        for (int i = 0; i < turns.Count; i++)
        {
            if (turns[i].Parts.Any(x => x.Text is null))
            {
                throw new GemmaException("images are not supported", subject: $"message {i + 1}", expected: "text", found: "an image");
            }
        }

        return tokenizer.EncodePrompt(RenderBody(turns, beginAnswer));
    }

    /// <summary>The tokens that end an answer: the checkpoint's own and the end of a turn, where the vocabulary has one.</summary>
    /// <param name="tokenizer">Whose tokens.</param>
    /// <param name="endIds">The checkpoint's own, as its config names them.</param>
    public static IReadOnlyList<int> StopIds(PromptTokenizer tokenizer, IReadOnlyList<int> endIds)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        return tokenizer.IdOf(EndOfTurn) is { } id ? [.. endIds.Append(id).Distinct()] : endIds;
    }

    private static string RenderBody(IReadOnlyList<ChatTurn> turns, bool beginAnswer)
    {
        ArgumentNullException.ThrowIfNull(turns);
        if (turns.Count == 0)
        {
            throw new GemmaException("there are no messages", subject: "conversation", expected: "at least one message");
        }

        StringBuilder text = new();
        int first = turns[0].Speaker == ChatSpeaker.System ? 1 : 0;
        for (int i = first; i < turns.Count; i++)
        {
            RequireAlternation(turns, i, first);
            text.Append(StartOfTurn).Append(NameOf(turns[i].Speaker)).Append('\n');
            if (i == 1 && first == 1)
            {
                text.Append(turns[0].Parts is [{ Text: { } system }, ..] ? system : string.Empty).Append("\n\n");
            }

            foreach (ChatPart part in turns[i].Parts)
            {
                text.Append(part.Text is null ? StartOfImage : PromptText.Strip(part.Text));
            }

            text.Append(EndOfTurn).Append('\n');
        }

        return text.Append(beginAnswer ? $"{StartOfTurn}model\n" : string.Empty).ToString();
    }

    // A system message that comes late passes where the model's would: the original asks only whether it is the person's turn.
    private static void RequireAlternation(IReadOnlyList<ChatTurn> turns, int index, int first)
    {
        bool isUsersTurn = (index - first) % 2 == 0;
        if (turns[index].Speaker == ChatSpeaker.User != isUsersTurn)
        {
            throw new GemmaException(
                "Conversation roles must alternate user/assistant/user/assistant/...",
                subject: $"message {index + 1}",
                expected: isUsersTurn ? "user" : "assistant",
                found: turns[index].Speaker == ChatSpeaker.Assistant ? "assistant" : NameOf(turns[index].Speaker));
        }
    }

    private static string NameOf(ChatSpeaker speaker) => speaker switch
    {
        ChatSpeaker.System => "system",
        ChatSpeaker.User => "user",
        _ => "model",
    };
}
