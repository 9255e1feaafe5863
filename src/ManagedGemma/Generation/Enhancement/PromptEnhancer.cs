using ManagedGemma.Caching;
using ManagedGemma.Generation.Chat;
using ManagedGemma.Model;

namespace ManagedGemma.Generation.Enhancement;

/// <summary>
/// Lets the model write a full prompt from a short one, as LTX's pipelines do before they encode it. The instructions are read once and
/// shared by all prompts. The same prompt, instructions, options and checkpoint give the same text. For one thread at a time.
/// </summary>
public sealed class PromptEnhancer : IDisposable
{
    private readonly GemmaTextGenerator _generator;
    private readonly string? _system;
    private readonly ResultCache? _cache;
    private readonly Lazy<EnhancementKeys> _keys;
    private PromptPrefix? _prefix;

    /// <summary>Enhances with a model that somebody else owns.</summary>
    /// <param name="generator">The model: an instruction-tuned one.</param>
    /// <param name="system">Instructions; null: <see cref="EnhancementText.DefaultSystem"/>.</param>
    /// <param name="cache">Answers of earlier runs; null: none.</param>
    public PromptEnhancer(GemmaTextGenerator generator, string? system = null, ResultCache? cache = null)
    {
        ArgumentNullException.ThrowIfNull(generator);
        _generator = generator;
        _system = system;
        _cache = cache;
        _keys = new Lazy<EnhancementKeys>(() => new EnhancementKeys(generator));
    }

    /// <summary>
    /// Sampling as in ltx-core and in what it leaves to Hugging Face's defaults: temperature 0.7, top-k 50, at most 512 tokens, seed 10 (whose
    /// draws are this engine's own).
    /// </summary>
    public static GenerationOptions DefaultOptions { get; } = new() { Temperature = 0.7, TopK = 50, TopP = 1, MaxTokens = 512, Seed = 10 };

    /// <summary>Enhances a prompt.</summary>
    /// <param name="prompt">The short prompt.</param>
    /// <param name="options">Sampling; null: <see cref="DefaultOptions"/>.</param>
    /// <param name="cancellation">Ends it within a token.</param>
    /// <exception cref="GemmaException">An option out of range, or a prompt that leaves no room in the model's context.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public Enhancement Enhance(string prompt, GenerationOptions? options = null, CancellationToken cancellation = default)
    {
        GenerationResult result = GenerationResult.Of(Generate(prompt, options, cancellation));
        return new Enhancement(EnhancementText.Clean(result.Text), result.Text, result.FinishReason, result.Usage);
    }

    /// <summary>
    /// As <see cref="Enhance"/>, token by token; the texts together are the answer before <see cref="EnhancementText.Clean"/>. What the cache
    /// holds comes at once. Log-probabilities are not kept: an answer that is to have them is generated.
    /// </summary>
    /// <inheritdoc cref="Enhance"/>
    public IEnumerable<GenerationUpdate> Generate(string prompt, GenerationOptions? options = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(prompt);
        options ??= DefaultOptions;
        int[] ids = Ids(prompt);
        options = options with { KeepPrefix = false, StopIds = options.StopIds ?? ChatTemplate.StopIds(_generator.Tokenizer, _generator.StopIds) };
        if (_cache is null || options.LogProbabilities is not null)
        {
            return Generate(ids, options, cancellation);
        }

        string name = _keys.Value.Of(ids, options);
        cancellation.ThrowIfCancellationRequested();
        return _cache.Read(name, EnhancementEntry.Of) is { } answer ? [answer] : Kept(Generate(ids, options, cancellation), _cache, name);
    }

    /// <summary>Gives up what was read of the instructions; the model belongs to the caller.</summary>
    public void Dispose()
    {
        _prefix?.Dispose();
        _prefix = null;
    }

    private IEnumerable<GenerationUpdate> Generate(int[] ids, GenerationOptions options, CancellationToken cancellation) =>
        _generator.Generate(ids, options, Instructions(options.Precision, cancellation), cancellation);

    // The entry is there before the last update is: whoever is killed after it has it.
    private static IEnumerable<GenerationUpdate> Kept(IEnumerable<GenerationUpdate> updates, ResultCache cache, string name)
    {
        List<GenerationUpdate> all = [];
        foreach (GenerationUpdate update in updates)
        {
            all.Add(update);
            if (update.FinishReason is not null)
            {
                cache.Write(name, EnhancementEntry.ToTensors(GenerationResult.Of(all)));
            }

            yield return update;
        }
    }

    // What two prompts that differ from their first letter on have in common.
    private PromptPrefix Instructions(Precision precision, CancellationToken cancellation)
    {
        if (_prefix?.Precision != precision)
        {
            _prefix?.Dispose();
            _prefix = null;
            int[] one = Ids("a"), other = Ids("b");
            int common = one.AsSpan().CommonPrefixLength(other);
            _prefix = _generator.ComputePrefix(one[..common], precision, progress: null, cancellation);
        }

        return _prefix!;
    }

    private int[] Ids(string prompt) => ChatTemplate.Tokenize(_generator.Tokenizer, EnhancementText.Messages(prompt, _system));
}
