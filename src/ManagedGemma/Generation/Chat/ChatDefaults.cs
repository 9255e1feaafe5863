namespace ManagedGemma.Generation.Chat;

/// <summary>What Google recommends for Gemma 3.</summary>
public static class ChatDefaults
{
    /// <summary>Sampling as in the checkpoints' <c>generation_config.json</c>: temperature 1, top-k 64, top-p 0.95.</summary>
    public static GenerationOptions Sampling { get; } = new() { Temperature = 1, TopK = 64, TopP = 0.95 };
}
