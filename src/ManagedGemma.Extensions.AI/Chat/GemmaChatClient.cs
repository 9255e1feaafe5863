using System.Runtime.CompilerServices;
using ManagedGemma.Extensions.AI.Telemetry;
using ManagedGemma.Generation;
using ManagedGemma.Generation.Chat;
using Microsoft.Extensions.AI;
using FinishReason = ManagedGemma.Generation.FinishReason;

namespace ManagedGemma.Extensions.AI.Chat;

/// <summary>
/// Gemma 3 as an <see cref="IChatClient"/>: text in, text out. The generator belongs to the caller. Safe for many threads: calls that are
/// under way at the same time share passes over the weights.
/// </summary>
/// <remarks>
/// Every member of <see cref="ChatOptions"/> is honoured or refused by name with a <see cref="GemmaException"/>. Beside its members,
/// <see cref="ChatOptions.AdditionalProperties"/> may hold <c>min_p</c> and <c>repetition_penalty</c>, and
/// <see cref="ChatOptions.RawRepresentationFactory"/> may give <see cref="GenerationOptions"/> that the members are then laid over. The raw
/// representation of every update is a <see cref="GenerationUpdate"/>.
/// </remarks>
public sealed class GemmaChatClient : IChatClient
{
    private readonly GemmaTextGenerator _generator;
    private readonly string _model;
    private readonly GenerationOptions _defaults;
    private readonly KeptPrefixes _kept;
    private readonly ChatClientMetadata _metadata;

    /// <summary>Chats with a model that somebody else owns.</summary>
    /// <param name="generator">The model.</param>
    /// <param name="modelId">What responses call the model.</param>
    /// <param name="defaults">What holds where a call does not say; null: <see cref="ChatDefaults.Sampling"/>.</param>
    /// <param name="keptConversations">
    /// Conversations whose keys and values are kept, so that the next message does not wait for all of it anew; at least 0.
    /// </param>
    public GemmaChatClient(GemmaTextGenerator generator, string modelId, GenerationOptions? defaults = null, int keptConversations = 1)
    {
        ArgumentNullException.ThrowIfNull(generator);
        ArgumentNullException.ThrowIfNull(modelId);
        ArgumentOutOfRangeException.ThrowIfNegative(keptConversations);
        _generator = generator;
        _model = modelId;
        _defaults = defaults ?? ChatDefaults.Sampling;
        _kept = new KeptPrefixes(keptConversations);
        _metadata = new ChatClientMetadata(ManagedGemmaTelemetry.ProviderName, null, modelId);
    }

    /// <summary>Answers a conversation.</summary>
    /// <param name="messages">System messages first or none, then the person and the model by turns.</param>
    /// <param name="options">See the class's remarks.</param>
    /// <param name="cancellationToken">Ends the answer within a token.</param>
    /// <exception cref="GemmaException">Something in the call is not supported, or it is no conversation, or longer than the model's context.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public Task<ChatResponse> GetResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default) =>
        GetStreamingResponseAsync(messages, options, cancellationToken).ToChatResponseAsync(cancellationToken);

    /// <summary>Answers a conversation, and hands out the text as it comes; the last update says why it ended and what it took.</summary>
    /// <inheritdoc cref="GetResponseAsync"/>
    public IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(messages);
        return Stream([.. messages], options, cancellationToken);
    }

    /// <inheritdoc/>
    public object? GetService(Type serviceType, object? serviceKey = null)
    {
        ArgumentNullException.ThrowIfNull(serviceType);
        return serviceKey is not null ? null
            : serviceType == typeof(ChatClientMetadata) ? _metadata
            : serviceType == typeof(GemmaTextGenerator) ? _generator
            : serviceType.IsInstanceOfType(this) ? this
            : null;
    }

    /// <summary>Gives the kept conversations up; the model belongs to the caller.</summary>
    public void Dispose() => _kept.Dispose();

    private async IAsyncEnumerable<ChatResponseUpdate> Stream(
        ChatMessage[] messages, ChatOptions? options, [EnumeratorCancellation] CancellationToken cancellation)
    {
        using GenAiOperation operation = new("chat", _model);
        await using Answer answer = await BeginAsync(operation, messages, options, cancellation).ConfigureAwait(false);
        string id = $"gemma-{Guid.NewGuid():N}";
        DateTimeOffset created = DateTimeOffset.UtcNow;
        while (await NextAsync(operation, answer).ConfigureAwait(false) is { } update)
        {
            ChatResponseUpdate response = new(ChatRole.Assistant, update.Text.Length > 0 ? update.Text : null)
            {
                ResponseId = id,
                MessageId = id,
                ModelId = _model,
                CreatedAt = created,
                RawRepresentation = update with { Prefix = null },
            };
            if (update.Usage is { } usage)
            {
                response.FinishReason = update.FinishReason == FinishReason.Length ? ChatFinishReason.Length : ChatFinishReason.Stop;
                response.Contents.Add(new UsageContent(UsageOf(usage)));
                operation.Set("gen_ai.response.id", id);
                operation.Set("gen_ai.response.finish_reasons", new[] { response.FinishReason.Value.Value });
                operation.Use(usage.PromptTokens, usage.GeneratedTokens);
            }
            else if (update.Text.Length == 0 && update.LogProbabilities.Count == 0)
            {
                continue;
            }

            yield return response;
        }
    }

    private async Task<Answer> BeginAsync(GenAiOperation operation, ChatMessage[] messages, ChatOptions? options, CancellationToken cancellation)
    {
        try
        {
            // Reading the tokenizer may take a second, once.
            ChatRequest request = await Task.Run(
                () => ChatRequest.Of(messages, options, _defaults, _model, _generator, this), cancellation).ConfigureAwait(false);
            Describe(operation, request.Options);
            return new Answer(_generator, request, _kept, cancellation);
        }
        catch (Exception exception)
        {
            operation.Fail(exception);
            throw;
        }
    }

    private static async Task<GenerationUpdate?> NextAsync(GenAiOperation operation, Answer answer)
    {
        try
        {
            return await answer.NextAsync().ConfigureAwait(false);
        }
        catch (Exception exception)
        {
            operation.Fail(exception);
            throw;
        }
    }

    private static void Describe(GenAiOperation operation, GenerationOptions options)
    {
        if (!operation.IsRecorded)
        {
            return;
        }

        operation.Set("gen_ai.output.type", "text");
        operation.Set("gen_ai.request.max_tokens", options.MaxTokens);
        operation.Set("gen_ai.request.temperature", options.Temperature);
        operation.Set("gen_ai.request.top_p", options.TopP);
        operation.Set("gen_ai.request.top_k", options.TopK);
        operation.Set("gen_ai.request.seed", options.Seed);
        operation.Set("gen_ai.request.stop_sequences", options.StopStrings.Count > 0 ? options.StopStrings.ToArray() : null);
    }

    private static UsageDetails UsageOf(GenerationUsage usage) => new()
    {
        InputTokenCount = usage.PromptTokens,
        OutputTokenCount = usage.GeneratedTokens,
        TotalTokenCount = (long)usage.PromptTokens + usage.GeneratedTokens,
        CachedInputTokenCount = usage.PrefixTokens,
    };

    /// <summary>An answer under way, and the kept conversation that it goes on from.</summary>
    private sealed class Answer : IAsyncDisposable
    {
        private readonly KeptPrefixes _kept;
        private readonly IAsyncEnumerator<GenerationUpdate> _updates;
        private readonly CancellationToken _cancellation;
        private PromptPrefix? _prefix;

        public Answer(GemmaTextGenerator generator, ChatRequest request, KeptPrefixes kept, CancellationToken cancellation)
        {
            _kept = kept;
            _cancellation = cancellation;
            _prefix = kept.Take(request.PromptIds, request.Options.Precision);
            try
            {
                GenerationOptions options = request.Options with { KeepPrefix = kept.IsEnabled };
                _updates = generator.GenerateAsync(request.PromptIds, options, _prefix, cancellation).GetAsyncEnumerator(cancellation);
            }
            catch
            {
                PutBack();
                throw;
            }
        }

        public async ValueTask<GenerationUpdate?> NextAsync()
        {
            if (!await _updates.MoveNextAsync().ConfigureAwait(false))
            {
                return null;
            }

            if (_updates.Current.Prefix is { } longer)
            {
                _prefix?.Dispose();
                _prefix = longer;
            }

            // The model may be some tokens ahead of a slow caller.
            _cancellation.ThrowIfCancellationRequested();
            return _updates.Current;
        }

        public async ValueTask DisposeAsync()
        {
            await _updates.DisposeAsync().ConfigureAwait(false);
            PutBack();
        }

        private void PutBack()
        {
            if (_prefix is not null)
            {
                _kept.Put(_prefix);
                _prefix = null;
            }
        }
    }
}
