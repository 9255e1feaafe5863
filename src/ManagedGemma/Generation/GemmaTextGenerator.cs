using System.Runtime.CompilerServices;
using System.Threading.Channels;
using ManagedGemma.Checkpoints;
using ManagedGemma.Conditioning;
using ManagedGemma.Model;
using ManagedGemma.Tokenization;

namespace ManagedGemma.Generation;

/// <summary>
/// Generates text. Load once, generate from any number of threads: sequences that are under way at the same time share passes over the
/// weights, joining and leaving at any token, and each has the bits that it has alone.
/// </summary>
/// <example>
/// <code>
/// using GemmaTextGenerator generator = GemmaTextGenerator.Load("/models/gemma-3-12b-it-4bit");
/// foreach (GenerationUpdate update in generator.Generate(generator.Tokenizer.EncodePrompt("The quick brown")))
/// {
///     Console.Write(update.Text);
/// }
/// </code>
/// </example>
public sealed class GemmaTextGenerator : IDisposable
{
    // Hugging Face's default for Gemma 3, where a config does not say.
    private const int DefaultContext = 131072;

    private readonly GeneratorOptions _options;
    private readonly Lazy<PromptTokenizer> _tokenizer;
    private readonly Lazy<string> _identity;
    private readonly GenerationLoop _loop;

    /// <summary>Takes a model and its tokenizer.</summary>
    /// <param name="model">Disposed with the generator, unless the options leave it open.</param>
    /// <param name="tokenizer">Makes text of tokens.</param>
    /// <param name="options">How many sequences at once; null: the defaults.</param>
    /// <exception cref="GemmaException">An option is out of range.</exception>
    public GemmaTextGenerator(GemmaModel model, PromptTokenizer tokenizer, GeneratorOptions? options = null)
        : this(model, new Lazy<PromptTokenizer>(tokenizer), options)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
    }

    private GemmaTextGenerator(GemmaModel model, Lazy<PromptTokenizer> tokenizer, GeneratorOptions? options)
    {
        ArgumentNullException.ThrowIfNull(model);
        _options = options ?? new GeneratorOptions();
        OptionRules.Check(_options);
        Model = model;
        _tokenizer = tokenizer;
        _identity = new Lazy<string>(() => Convert.ToHexStringLower(CheckpointIdentity.Of(model.Checkpoint)));
        _loop = new GenerationLoop(model, _options);
    }

    /// <summary>The decoder.</summary>
    public GemmaModel Model { get; }

    /// <summary>The tokenizer, read when it is first wanted.</summary>
    /// <exception cref="GemmaException">There is no tokenizer beside the weights or in them, or it is damaged.</exception>
    public PromptTokenizer Tokenizer => _tokenizer.Value;

    /// <summary>The most tokens of a prompt and its text together: the config's, or what Gemma 3 was made for.</summary>
    public int ContextLength => Model.Config.MaxPositionEmbeddings ?? DefaultContext;

    /// <summary>The tokens that end a text where options do not say: the config's eos_token_id.</summary>
    public IReadOnlyList<int> StopIds => Model.Config.EosTokenIds;

    /// <summary>What tells this checkpoint from others.</summary>
    internal string Identity => _identity.Value;

    /// <summary>What runs the sequences; for tests.</summary>
    internal GenerationLoop Loop => _loop;

    /// <summary>Loads a generator.</summary>
    /// <param name="path">As for <see cref="GemmaTextEncoder.Load"/>.</param>
    /// <param name="model">Threads and instruction set; null: the defaults.</param>
    /// <param name="options">How many sequences at once; null: the defaults.</param>
    /// <exception cref="GemmaException">Something is missing or wrong: the message names the file, the tensor and what was expected.</exception>
    public static GemmaTextGenerator Load(string path, GemmaModelOptions? model = null, GeneratorOptions? options = null) =>
        Over(GemmaTextEncoder.Load(path, model), options);

    /// <summary>Makes the built-in demo (see <see cref="GemmaTextEncoder.LoadDemo"/>): its text means nothing.</summary>
    public static GemmaTextGenerator LoadDemo(GemmaModelOptions? model = null, GeneratorOptions? options = null) =>
        Over(GemmaTextEncoder.LoadDemo(model), options);

    /// <summary>A generator over an encoder's model and tokenizer: one loaded model for both.</summary>
    /// <param name="encoder">Its model is disposed with the generator, unless the options leave it open.</param>
    /// <param name="options">How many sequences at once; null: the defaults.</param>
    /// <exception cref="GemmaException">An option is out of range.</exception>
    public static GemmaTextGenerator Over(GemmaTextEncoder encoder, GeneratorOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(encoder);
        return new GemmaTextGenerator(encoder.Model, new Lazy<PromptTokenizer>(() => encoder.Tokenizer), options);
    }

    /// <summary>Bytes of keys and values of a sequence of some tokens: layers with a window keep no more than it.</summary>
    /// <param name="tokens">Prompt and text.</param>
    public long CacheBytes(int tokens)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(tokens);
        (long all, long full) = Model.CacheBytesPerToken;
        return (full * tokens) + ((all - full) * Math.Min(tokens, Model.Config.SlidingWindow));
    }

    /// <summary>Generates text behind a prompt, token by token.</summary>
    /// <param name="promptIds">The prompt's tokens, BOS first.</param>
    /// <param name="options">How; null: the likeliest tokens, up to 1024.</param>
    /// <param name="prefix">What is computed already of the prompt's beginning, as far as it agrees; null: nothing.</param>
    /// <param name="cancellation">Ends the generation at once: what runs for it alone is broken off within a fraction of a layer's time.</param>
    /// <returns>The updates as they come. Work begins with the first and goes on while the caller is busy; leaving the loop ends it.</returns>
    /// <exception cref="GemmaException">
    /// No tokens, a token that the embedding has no row for, a prompt that leaves no room in the context, an option out of range, a prefix of
    /// another checkpoint or precision.
    /// </exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public IAsyncEnumerable<GenerationUpdate> GenerateAsync(
        IReadOnlyList<int> promptIds, GenerationOptions? options = null, PromptPrefix? prefix = null, CancellationToken cancellation = default)
    {
        GenerationRequest request = Request(promptIds, options, prefix);
        return Updates(request, cancellation);

        async IAsyncEnumerable<GenerationUpdate> Updates(GenerationRequest request, [EnumeratorCancellation] CancellationToken cancellation)
        {
            using GenerationSequence sequence = Begin(request, cancellation);
            ChannelReader<GenerationUpdate> updates = sequence.Updates;
            while (await updates.WaitToReadAsync(cancellation).ConfigureAwait(false))
            {
                while (updates.TryRead(out GenerationUpdate? update))
                {
                    // What came while the caller was busy is not wanted any more.
                    cancellation.ThrowIfCancellationRequested();
                    yield return update;
                }
            }
        }
    }

    /// <summary>As <see cref="GenerateAsync"/>, for callers that wait.</summary>
    /// <inheritdoc cref="GenerateAsync"/>
    public IEnumerable<GenerationUpdate> Generate(
        IReadOnlyList<int> promptIds, GenerationOptions? options = null, PromptPrefix? prefix = null, CancellationToken cancellation = default)
    {
        GenerationRequest request = Request(promptIds, options, prefix);
        return Updates();

        IEnumerable<GenerationUpdate> Updates()
        {
            using GenerationSequence sequence = Begin(request, cancellation);
            ChannelReader<GenerationUpdate> updates = sequence.Updates;
            while (updates.WaitToReadAsync(cancellation).AsTask().GetAwaiter().GetResult())
            {
                while (updates.TryRead(out GenerationUpdate? update))
                {
                    // What came while the caller was busy is not wanted any more.
                    cancellation.ThrowIfCancellationRequested();
                    yield return update;
                }
            }
        }
    }

    /// <summary>Generates a whole text.</summary>
    /// <inheritdoc cref="GenerateAsync"/>
    /// <returns>The text, its tokens, and what it took.</returns>
    public GenerationResult Complete(
        IReadOnlyList<int> promptIds, GenerationOptions? options = null, PromptPrefix? prefix = null, CancellationToken cancellation = default) =>
        GenerationResult.Of(Generate(promptIds, options, prefix, cancellation));

    /// <summary>Reads the beginning of prompts, to be shared by all of them.</summary>
    /// <param name="tokenIds">The tokens, BOS first.</param>
    /// <param name="precision">The precision of the generations that will use it.</param>
    /// <param name="progress">Told while tokens are read; null: nobody.</param>
    /// <param name="cancellation">Ends the run within a fraction of a layer's time.</param>
    /// <exception cref="GemmaException">As for <see cref="GenerateAsync"/>.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public PromptPrefix ComputePrefix(
        IReadOnlyList<int> tokenIds,
        Precision precision = Precision.Precise,
        IProgress<PromptProgress>? progress = null,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(tokenIds);
        Model.Validate(tokenIds);
        SequenceCache cache = Model.NewSequence();
        try
        {
            int[] ids = [.. tokenIds];
            while (cache.Length < ids.Length)
            {
                int count = Math.Min(_options.PromptTokens, ids.Length - cache.Length);
                Model.Step([new SequenceInput(cache, new ArraySegment<int>(ids, cache.Length, count), ByRow: false, LogitRows: 0)], precision, null, cancellation);
                progress?.Report(new PromptProgress(cache.Length, ids.Length));
            }

            return new PromptPrefix(cache, ids, precision, Identity);
        }
        catch
        {
            cache.Dispose();
            throw;
        }
    }

    /// <summary>Ends what is under way, which throws <see cref="ObjectDisposedException"/> to its callers, and disposes the model unless it is left open.</summary>
    public void Dispose()
    {
        _loop.Dispose();
        if (!_options.LeaveModelOpen)
        {
            Model.Dispose();
        }
    }

    private GenerationRequest Request(IReadOnlyList<int> promptIds, GenerationOptions? options, PromptPrefix? prefix)
    {
        ArgumentNullException.ThrowIfNull(promptIds);
        options ??= new GenerationOptions();
        OptionRules.Check(options, Model.LogitCount);
        Model.Validate(promptIds);
        if (promptIds.Count >= ContextLength)
        {
            throw new GemmaException(
                "the prompt leaves no room for text", Model.Checkpoint.Location, "context", $"at most {ContextLength - 1} tokens", $"{promptIds.Count}");
        }

        if (prefix is not null && prefix.Precision != options.Precision)
        {
            throw new GemmaException("the prefix was computed in another precision", subject: "prefix", expected: $"{options.Precision}", found: $"{prefix.Precision}");
        }

        if (prefix is not null && prefix.ModelIdentity != Identity)
        {
            throw new GemmaException("the prefix was computed with another checkpoint", Model.Checkpoint.Location, "prefix");
        }

        return new GenerationRequest([.. promptIds], options, prefix, new HashSet<int>(options.StopIds ?? StopIds), ContextLength);
    }

    private GenerationSequence Begin(GenerationRequest request, CancellationToken cancellation)
    {
        GenerationSequence sequence = new(request, Model, Tokenizer, _loop, () => Identity, cancellation);
        _loop.Submit(sequence);
        return sequence;
    }
}
