using ManagedGemma.Conditioning;
using ManagedGemma.Extensions.AI.Telemetry;
using ManagedGemma.Model;
using Microsoft.Extensions.AI;

namespace ManagedGemma.Extensions.AI.Embeddings;

/// <summary>
/// Texts to vectors of the model's hidden size, pooled from its hidden states as <see cref="EmbeddingSettings"/> say. Several texts
/// share a pass over the weights; each has the bits that it gets alone. The model belongs to the caller. Safe for many threads.
/// </summary>
public sealed class GemmaEmbeddingGenerator : IEmbeddingGenerator<string, Embedding<float>>
{
    private readonly GemmaTextEncoder _encoder;
    private readonly EmbeddingSettings _settings;
    private readonly EmbeddingGeneratorMetadata _metadata;

    /// <summary>Embeds with a model that somebody else owns.</summary>
    /// <param name="encoder">The model and its tokenizer.</param>
    /// <param name="modelId">What responses call the model.</param>
    /// <param name="settings">Pooling and precision; null: the defaults.</param>
    public GemmaEmbeddingGenerator(GemmaTextEncoder encoder, string modelId, EmbeddingSettings? settings = null)
    {
        ArgumentNullException.ThrowIfNull(encoder);
        ArgumentNullException.ThrowIfNull(modelId);
        _encoder = encoder;
        _settings = settings ?? new EmbeddingSettings();
        _metadata = new EmbeddingGeneratorMetadata(ManagedGemmaTelemetry.ProviderName, null, modelId, encoder.Model.Config.HiddenSize);
    }

    /// <summary>Embeds texts.</summary>
    /// <param name="values">The texts, taken as they are.</param>
    /// <param name="options">
    /// The model's id and size may be named and must be this model's; <see cref="EmbeddingGenerationOptions.RawRepresentationFactory"/> may give
    /// <see cref="EmbeddingSettings"/> for this call.
    /// </param>
    /// <param name="cancellationToken">Ends the pass under way within a fraction of a layer's time.</param>
    /// <exception cref="GemmaException">An option that is not supported; a text longer than the model's context.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public async Task<GeneratedEmbeddings<Embedding<float>>> GenerateAsync(
        IEnumerable<string> values, EmbeddingGenerationOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(values);
        string[] texts = [.. values];
        EmbeddingSettings settings = SettingsOf(options);
        using GenAiOperation operation = new("embeddings", _metadata.DefaultModelId!);
        try
        {
            operation.Set("gen_ai.embeddings.dimension.count", _metadata.DefaultModelDimensions);
            GeneratedEmbeddings<Embedding<float>> embeddings =
                await Task.Run(() => Embed(texts, settings, cancellationToken), cancellationToken).ConfigureAwait(false);
            operation.Use(embeddings.Usage!.InputTokenCount!.Value, outputTokens: null);
            return embeddings;
        }
        catch (Exception exception)
        {
            operation.Fail(exception);
            throw;
        }
    }

    /// <inheritdoc/>
    public object? GetService(Type serviceType, object? serviceKey = null)
    {
        ArgumentNullException.ThrowIfNull(serviceType);
        return serviceKey is not null ? null
            : serviceType == typeof(EmbeddingGeneratorMetadata) ? _metadata
            : serviceType == typeof(GemmaTextEncoder) ? _encoder
            : serviceType.IsInstanceOfType(this) ? this
            : null;
    }

    /// <summary>Nothing to do: the model belongs to the caller.</summary>
    public void Dispose()
    {
    }

    private EmbeddingSettings SettingsOf(EmbeddingGenerationOptions? options)
    {
        if (options is null)
        {
            return _settings;
        }

        Refusal refusal = new(nameof(EmbeddingGenerationOptions));
        refusal.RequireModel(options.ModelId, _metadata.DefaultModelId!);
        refusal.Unless(
            options.Dimensions is null || options.Dimensions == _metadata.DefaultModelDimensions,
            nameof(options.Dimensions),
            $"null or {_metadata.DefaultModelDimensions}",
            options.Dimensions);
        refusal.RequireNoOthers(options.AdditionalProperties, []);
        return refusal.FromFactory(options.RawRepresentationFactory?.Invoke(this), _settings);
    }

    private GeneratedEmbeddings<Embedding<float>> Embed(string[] texts, EmbeddingSettings settings, CancellationToken cancellation)
    {
        int[][] prompts = Array.ConvertAll(texts, text => _encoder.Tokenizer.EncodePrompt(text));
        foreach (int[] prompt in prompts)
        {
            // Before anything is computed.
            _encoder.Model.Validate(prompt);
        }

        PoolingSink[] sinks = Array.ConvertAll(prompts, _ => new PoolingSink(settings));
        RunOptions run = new() { Precision = settings.Precision };
        for (int first = 0, count; first < prompts.Length; first += count)
        {
            long tokens = prompts[first].Length;
            for (count = 1; first + count < prompts.Length && tokens + prompts[first + count].Length <= settings.BatchTokens; count++)
            {
                tokens += prompts[first + count].Length;
            }

            _encoder.Model.RunBatch(
                new ArraySegment<int[]>(prompts, first, count), new ArraySegment<PoolingSink>(sinks, first, count), run, progress: null, cancellation);
        }

        long used = prompts.Sum(prompt => (long)prompt.Length);
        DateTimeOffset now = DateTimeOffset.UtcNow;
        return new GeneratedEmbeddings<Embedding<float>>(
            sinks.Select(sink => new Embedding<float>(sink.Vector) { ModelId = _metadata.DefaultModelId, CreatedAt = now }))
        {
            Usage = new UsageDetails { InputTokenCount = used, TotalTokenCount = used },
        };
    }
}
