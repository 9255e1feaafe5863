namespace ManagedGemma.Generation;

/// <summary>Why a generation ended.</summary>
public enum FinishReason
{
    /// <summary>The model gave a stop id, or its text a stop string.</summary>
    Stop,

    /// <summary>As many tokens as were allowed, or the model's context is full.</summary>
    Length,
}
