namespace ManagedGemma.Generation.Chat;

/// <summary>A part of a message: text, or the place of an image.</summary>
public sealed record ChatPart
{
    private ChatPart(string? text) => Text = text;

    /// <summary>The place of an image: the template knows it, the decoder cannot see it yet.</summary>
    public static ChatPart Image { get; } = new((string?)null);

    /// <summary>The text; null for an image.</summary>
    public string? Text { get; }

    /// <summary>A part that is text.</summary>
    public static ChatPart Of(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return new ChatPart(text);
    }
}
