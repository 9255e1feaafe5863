using System.Globalization;
using System.Text.Json;
using ManagedGemma.Generation;
using Microsoft.Extensions.AI;

namespace ManagedGemma.Extensions.AI.Chat;

/// <summary>
/// What becomes of every member of <see cref="ChatOptions"/>: it is honoured, or refused by name when it asks for something that the model
/// cannot give.
/// </summary>
internal static class ChatOptionRules
{
    /// <summary>The property for <see cref="GenerationOptions.MinP"/>.</summary>
    public const string MinP = "min_p";

    /// <summary>The property for <see cref="GenerationOptions.RepetitionPenalty"/>.</summary>
    public const string RepetitionPenalty = "repetition_penalty";

    private static readonly string[] Properties = [MinP, RepetitionPenalty];

    /// <summary>How to generate.</summary>
    /// <param name="options">What the caller asks for; null: nothing.</param>
    /// <param name="defaults">What holds where it does not say.</param>
    /// <param name="model">The model's name.</param>
    /// <param name="client">For <see cref="ChatOptions.RawRepresentationFactory"/>.</param>
    /// <exception cref="GemmaException">Something that is not supported; the message names it.</exception>
    public static GenerationOptions Apply(ChatOptions? options, GenerationOptions defaults, string model, IChatClient client)
    {
        if (options is null)
        {
            return defaults;
        }

        Refuse(options, model);
        GenerationOptions basis = new Refusal(nameof(ChatOptions)).FromFactory(options.RawRepresentationFactory?.Invoke(client), defaults);
        return basis with
        {
            MaxTokens = options.MaxOutputTokens ?? basis.MaxTokens,
            Temperature = Exact(options.Temperature) ?? basis.Temperature,
            TopP = Exact(options.TopP) ?? basis.TopP,
            TopK = options.TopK ?? basis.TopK,
            Seed = options.Seed ?? basis.Seed,
            StopStrings = options.StopSequences is { Count: > 0 } stops ? [.. basis.StopStrings, .. stops] : basis.StopStrings,
            MinP = Number(options.AdditionalProperties, MinP) ?? basis.MinP,
            RepetitionPenalty = Number(options.AdditionalProperties, RepetitionPenalty) ?? basis.RepetitionPenalty,
        };
    }

    private static void Refuse(ChatOptions options, string model)
    {
        Refusal refusal = new(nameof(ChatOptions));
        refusal.RequireModel(options.ModelId, model);
        refusal.Unless(options.ConversationId is null, nameof(options.ConversationId), "null: the caller keeps the history", options.ConversationId);
        refusal.Unless(options.FrequencyPenalty is null or 0, nameof(options.FrequencyPenalty), $"null or 0; {RepetitionPenalty} is there", options.FrequencyPenalty);
        refusal.Unless(options.PresencePenalty is null or 0, nameof(options.PresencePenalty), $"null or 0; {RepetitionPenalty} is there", options.PresencePenalty);
        refusal.Unless(options.Reasoning?.Effort is null or ReasoningEffort.None, nameof(options.Reasoning), "null or none", options.Reasoning?.Effort);
        refusal.Unless(options.Reasoning?.Output is null or ReasoningOutput.None, nameof(options.Reasoning), "null or none", options.Reasoning?.Output);
        refusal.Unless(
            options.ResponseFormat is null or ChatResponseFormatText, nameof(options.ResponseFormat), "null or text", options.ResponseFormat?.GetType().Name);
        refusal.Unless(options.Tools is null or { Count: 0 }, nameof(options.Tools), "none", options.Tools?.Count);
        refusal.Unless(options.ToolMode is null or AutoChatToolMode or NoneChatToolMode, nameof(options.ToolMode), "null, auto or none", options.ToolMode?.GetType().Name);
        refusal.Unless(options.AllowMultipleToolCalls is not true, nameof(options.AllowMultipleToolCalls), "null or false", options.AllowMultipleToolCalls);
        refusal.Unless(options.AllowBackgroundResponses is not true, nameof(options.AllowBackgroundResponses), "null or false", options.AllowBackgroundResponses);
        refusal.Unless(options.ContinuationToken is null, nameof(options.ContinuationToken), "null", "a token");
        refusal.RequireNoOthers(options.AdditionalProperties, Properties);
    }

    // 0.7f means 0.7 and not the nearest float's 0.699999988.
    private static double? Exact(float? value) =>
        value is { } single ? double.Parse(single.ToString("R", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture) : null;

    private static double? Number(AdditionalPropertiesDictionary? properties, string name)
    {
        if (properties?.TryGetValue(name, out object? value) != true || value is null)
        {
            return null;
        }

        double? number = value switch
        {
            double real => real,
            float real => Exact(real),
            int whole => whole,
            long whole => whole,
            decimal real => (double)real,
            JsonElement { ValueKind: JsonValueKind.Number } json => json.GetDouble(),
            _ => null,
        };
        new Refusal(nameof(ChatOptions)).Unless(number is not null, $"AdditionalProperties[\"{name}\"]", "a number", value.GetType().Name);
        return number;
    }
}
