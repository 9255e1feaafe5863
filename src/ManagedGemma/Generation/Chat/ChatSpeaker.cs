namespace ManagedGemma.Generation.Chat;

/// <summary>Who says a message of a conversation.</summary>
public enum ChatSpeaker
{
    /// <summary>Instructions: at the beginning they become part of the first user message.</summary>
    System,

    /// <summary>The person.</summary>
    User,

    /// <summary>The model.</summary>
    Assistant,
}
