using ManagedGemma.Generation;
using ManagedGemma.Generation.Chat;
using Microsoft.Extensions.AI;

namespace ManagedGemma.Extensions.AI.Chat;

/// <summary>A call as the engine takes it.</summary>
/// <param name="PromptIds">The conversation's tokens.</param>
/// <param name="Options">How to go on.</param>
internal sealed record ChatRequest(int[] PromptIds, GenerationOptions Options)
{
    /// <summary>Converts a call; nothing is computed yet.</summary>
    /// <exception cref="GemmaException">Something in it is not supported, or it is no conversation.</exception>
    public static ChatRequest Of(
        IEnumerable<ChatMessage> messages, ChatOptions? options, GenerationOptions defaults, string model, GemmaTextGenerator generator, IChatClient client)
    {
        GenerationOptions generation = ChatOptionRules.Apply(options, defaults, model, client);
        IReadOnlyList<ChatTurn> turns = ChatMessages.ToTurns(messages, options?.Instructions);
        return new ChatRequest(
            ChatTemplate.Tokenize(generator.Tokenizer, turns),
            generation with { StopIds = generation.StopIds ?? ChatTemplate.StopIds(generator.Tokenizer, generator.StopIds) });
    }
}
