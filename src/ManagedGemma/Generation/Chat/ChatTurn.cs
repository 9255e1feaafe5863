namespace ManagedGemma.Generation.Chat;

/// <summary>A message of a conversation.</summary>
/// <param name="Speaker">Who says it.</param>
/// <param name="Parts">What is said. Each part is trimmed by itself and nothing is put between two; of a system message only the first counts.</param>
public sealed record ChatTurn(ChatSpeaker Speaker, IReadOnlyList<ChatPart> Parts)
{
    /// <summary>A message that is one text.</summary>
    public ChatTurn(ChatSpeaker speaker, string text)
        : this(speaker, [ChatPart.Of(text)])
    {
    }

    /// <summary>The texts of all parts.</summary>
    public string Text => string.Concat(Parts.Select(x => x.Text));
}
