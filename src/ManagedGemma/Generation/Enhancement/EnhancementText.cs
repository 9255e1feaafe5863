using System.Text;
using ManagedGemma.Generation.Chat;

namespace ManagedGemma.Generation.Enhancement;

/// <summary>
/// The text before and after an enhancement: the messages that ask for it, and what is done to the answer, both as in Lightricks' ltx-core
/// (<c>text_encoders/gemma</c>).
/// </summary>
public static class EnhancementText
{
    /// <summary>
    /// This project's own instructions for text-to-video. LTX's models were trained on captions of one flowing paragraph in the order of
    /// events, with sound; that is what is asked for.
    /// </summary>
    public const string DefaultSystem =
        """
        You turn a short idea for a video into the full description that a text-to-video model with sound is given.

        Write one paragraph of about 100 to 200 words, in English, in the present tense, as if you watched the finished shot and told what happens from its first moment to its last.

        Keep what the idea says. Every person, object, place, action, number, colour and style in it stays as it is; quoted words stay word for word. Add only what the idea leaves open and what fits it.

        Say what can be seen and heard:
        - Open with the main action. If the idea names a style, such as animation or black and white, name it first.
        - Tell movements and gestures in the order they happen, each with its cause; a few seconds hold one or two events, not a story.
        - Describe people and objects by what the eye finds: age, hair, clothing, material, size, place in the frame.
        - Give the setting, the light and where it comes from, the colours and the weather.
        - Say how the camera is placed and whether it moves. If the idea asks for no movement, it stays still.
        - Weave in the sounds of what happens: voices, footsteps, wind, machines, music only where it belongs. Speech goes in quotation marks, with who speaks and how.

        Show feelings by faces, voices and bodies instead of naming them. Use plain, exact words: no metaphors, no praise, no opinions, no smells or thoughts. Do not invent names, brands, texts on screen or logos.

        Answer with the description alone: no title, no list, no remark before or after it.
        """;

    // What Gemma likes to write and captions do not have. The double prime (U+2033) and the ellipsis stay, as in the original.
    private const string Typographic = "\u2018\u2019\u201C\u201D\u2014\u2013\u00A0\u2032\u2212";
    private const string Plain = "''\"\"-- '-";

    /// <summary>The messages that ask for an enhancement.</summary>
    /// <param name="prompt">The prompt, as it was written.</param>
    /// <param name="system">Instructions; null: <see cref="DefaultSystem"/>.</param>
    /// <param name="input">What the video begins with.</param>
    public static IReadOnlyList<ChatTurn> Messages(string prompt, string? system = null, EnhancementInput input = EnhancementInput.Text)
    {
        ArgumentNullException.ThrowIfNull(prompt);
        ChatPart[] parts = input == EnhancementInput.Text
            ? [ChatPart.Of($"user prompt: {prompt}")]
            : [ChatPart.Image, ChatPart.Of($"User Raw Input Prompt: {prompt}.")];
        return [new ChatTurn(ChatSpeaker.System, system ?? DefaultSystem), new ChatTurn(ChatSpeaker.User, parts)];
    }

    /// <summary>
    /// Cleans an answer: typographic quotes, primes, dashes and no-break spaces become ASCII, and what stands before the first letter is
    /// dropped. An answer without letters stays whole, and the end is not trimmed.
    /// </summary>
    /// <param name="answer">What the model said.</param>
    public static string Clean(string answer)
    {
        ArgumentNullException.ThrowIfNull(answer);
        string text = string.Create(answer.Length, answer, static (destination, source) =>
        {
            for (int i = 0; i < destination.Length; i++)
            {
                int place = Typographic.IndexOf(source[i], StringComparison.Ordinal);
                destination[i] = place < 0 ? source[i] : Plain[place];
            }
        });

        // By code point, as Python's str.isalpha(): Rune.IsLetter holds for the same categories (Lu, Ll, Lt, Lm, Lo).
        int start = 0;
        while (start < text.Length)
        {
            Rune.DecodeFromUtf16(text.AsSpan(start), out Rune rune, out int length);
            if (Rune.IsLetter(rune))
            {
                return text[start..];
            }

            start += length;
        }

        return text;
    }
}
