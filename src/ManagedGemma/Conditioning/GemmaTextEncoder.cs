using System.Diagnostics.CodeAnalysis;
using ManagedGemma.Checkpoints;
using ManagedGemma.Checkpoints.Synthetic;
using ManagedGemma.Model;
using ManagedGemma.Tokenization;

namespace ManagedGemma.Conditioning;

/// <summary>
/// From a prompt to LTX features: tokenizer, decoder, features. Load once, encode from any number of threads.
/// </summary>
/// <example>
/// <code>
/// using GemmaTextEncoder encoder = GemmaTextEncoder.Load("/models/gemma-3-12b-it-4bit");
/// PromptFeatures features = encoder.Encode("A red fox runs through fresh snow.");
/// </code>
/// </example>
public sealed class GemmaTextEncoder : IDisposable
{
    /// <summary>The environment variable that names the default model: a directory, or owner/name in the Hugging Face cache.</summary>
    public const string ModelVariable = "MANAGED_GEMMA_MODEL";

    /// <summary>The default model on the Hugging Face Hub, the one that LTX-2 was trained with, in MLX's 4 bits.</summary>
    public const string DefaultRepository = "mlx-community/gemma-3-12b-it-4bit";

    private readonly Lazy<PromptTokenizer> _tokenizer;

    /// <summary>Takes a model, which it owns from then on, and its tokenizer.</summary>
    public GemmaTextEncoder(GemmaModel model, PromptTokenizer tokenizer)
        : this(model, new Lazy<PromptTokenizer>(tokenizer))
    {
    }

    private GemmaTextEncoder(GemmaModel model, Lazy<PromptTokenizer> tokenizer)
    {
        ArgumentNullException.ThrowIfNull(model);
        Model = model;
        _tokenizer = tokenizer;
    }

    /// <summary>The decoder.</summary>
    public GemmaModel Model { get; }

    /// <summary>The tokenizer, read when it is first wanted.</summary>
    /// <exception cref="GemmaException">There is no tokenizer beside the weights or in them, or it is damaged.</exception>
    public PromptTokenizer Tokenizer => _tokenizer.Value;

    /// <summary>Loads an encoder.</summary>
    /// <param name="path">A directory with config.json, weights and tokenizer.json, a file (see <see cref="GemmaCheckpoint.Open"/>), or owner/name of a model in the Hugging Face cache.</param>
    /// <param name="options">Threads and instruction set.</param>
    /// <exception cref="GemmaException">Something is missing or wrong: the message names the file, the tensor and what was expected.</exception>
    public static GemmaTextEncoder Load(string path, GemmaModelOptions? options = null)
    {
        GemmaModel model = GemmaModel.Load(ModelPath.Resolve(path), options);
        return new GemmaTextEncoder(model, new Lazy<PromptTokenizer>(() => GemmaTokenizer.LoadFor(model.Checkpoint)));
    }

    /// <summary>
    /// Makes the built-in demo: a tiny decoder with random weights and a byte tokenizer. It shows that everything works; its
    /// features mean nothing.
    /// </summary>
    public static GemmaTextEncoder LoadDemo(GemmaModelOptions? options = null) =>
        new(new GemmaModel(DemoCheckpoint.Open(), options), new ByteTokenizer());

    /// <summary>
    /// Loads the default model: the one that MANAGED_GEMMA_MODEL names, else <see cref="DefaultRepository"/> in the
    /// Hugging Face cache (HF_HUB_CACHE, HF_HOME). Where there is none the answer is false, so that a caller can go on
    /// without conditioning.
    /// </summary>
    /// <exception cref="GemmaException">There is one and it is damaged, or MANAGED_GEMMA_MODEL names nothing.</exception>
    public static bool TryLoadDefault([NotNullWhen(true)] out GemmaTextEncoder? encoder, GemmaModelOptions? options = null)
    {
        string? path = FindDefault();
        encoder = path is null ? null : Load(path, options);
        return encoder is not null;
    }

    /// <summary>Where the default model is; null when there is none.</summary>
    /// <exception cref="GemmaException">MANAGED_GEMMA_MODEL names a model of the hub that the cache does not hold.</exception>
    public static string? FindDefault() =>
        Environment.GetEnvironmentVariable(ModelVariable) is { Length: > 0 } model ? ModelPath.Resolve(model) : HubCache.Find(DefaultRepository);

    /// <summary>Tokenises a prompt as a profile does.</summary>
    /// <param name="prompt">The text; a lone surrogate counts as U+FFFD.</param>
    /// <param name="options">Profile and maximal length; null: the defaults.</param>
    public PromptTokens Tokenize(ReadOnlySpan<char> prompt, EncodeOptions? options = null)
    {
        options ??= new EncodeOptions();
        RequireLength(options);
        int[] ids = Tokenizer.EncodePrompt(options.Profile.Prompt(prompt), options.MaxLength, out int total);
        return new PromptTokens(ids, total);
    }

    /// <summary>Encodes a prompt.</summary>
    /// <inheritdoc cref="Encode(PromptTokens, EncodeOptions?, IHiddenStateSink?, IProgress{LayerProgress}?, CancellationToken)"/>
    public PromptFeatures Encode(
        string prompt, EncodeOptions? options = null, IProgress<LayerProgress>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(prompt);
        return Encode(Tokenize(prompt, options), options, null, progress, cancellation);
    }

    /// <summary>Encodes tokens.</summary>
    /// <param name="tokens">The prompt's tokens; more than the maximal length are cut.</param>
    /// <param name="options">Profile, precision, features, length; null: the defaults.</param>
    /// <param name="sink">Takes the hidden states beside the features; null: nothing does.</param>
    /// <param name="progress">Told after each layer.</param>
    /// <param name="cancellation">Ends the run within a fraction of a layer's time.</param>
    /// <exception cref="GemmaException">A token that the model has no row for; a dump that cannot be written.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public PromptFeatures Encode(
        PromptTokens tokens,
        EncodeOptions? options = null,
        IHiddenStateSink? sink = null,
        IProgress<LayerProgress>? progress = null,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(tokens);
        options ??= new EncodeOptions();
        RequireLength(options);
        Request request = new(tokens, options, Model, sink);
        DumpSink? dumps = DumpSink.FromEnvironment(request.Length);
        IHiddenStateSink states = dumps is null ? request.States : new CompositeSink([dumps, request.States]);
        Model.Run(request.Ids, states, RunOptionsOf(options), progress, cancellation);
        dumps?.WriteFeatures(request.Features, cancellation);
        return request.Result();
    }

    /// <summary>
    /// Encodes many prompts, several in one pass over the weights, and yields their features in order, pass by pass. Each has the
    /// bits that it gets alone. Parity dumps are for single prompts and not written here.
    /// </summary>
    /// <param name="prompts">Read as they are needed.</param>
    /// <param name="options">As for one prompt; <see cref="EncodeOptions.BatchTokens"/> bounds a pass.</param>
    /// <param name="sinks">Gives what takes the hidden states of a prompt (its index among the prompts), asked when the prompt is read; null:
    /// nothing does.</param>
    /// <param name="progress">Told after each layer of each pass.</param>
    /// <param name="cancellation">Ends the pass under way within a fraction of a layer's time.</param>
    /// <exception cref="GemmaException">A token that the model has no row for.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public IEnumerable<PromptFeatures> EncodeMany(
        IEnumerable<PromptTokens> prompts,
        EncodeOptions? options = null,
        Func<int, IHiddenStateSink?>? sinks = null,
        IProgress<LayerProgress>? progress = null,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(prompts);
        options ??= new EncodeOptions();
        RequireLength(options);
        return Passes();

        IEnumerable<PromptFeatures> Passes()
        {
            List<Request> pass = [];
            int index = 0;
            foreach (PromptTokens tokens in prompts)
            {
                Request request = new(tokens, options, Model, sinks?.Invoke(index++));
                if (pass.Count > 0 && pass.Sum(other => other.Ids.Length) + request.Ids.Length > options.BatchTokens)
                {
                    foreach (PromptFeatures features in RunPass(pass, options, progress, cancellation))
                    {
                        yield return features;
                    }

                    pass.Clear();
                }

                pass.Add(request);
            }

            foreach (PromptFeatures features in RunPass(pass, options, progress, cancellation))
            {
                yield return features;
            }
        }
    }

    /// <summary>Disposes the model; encodes under way end first.</summary>
    public void Dispose() => Model.Dispose();

    private static RunOptions RunOptionsOf(EncodeOptions options) => new() { Precision = options.Precision, Rules = options.Profile.Decoder() };

    private PromptFeatures[] RunPass(
        List<Request> pass, EncodeOptions options, IProgress<LayerProgress>? progress, CancellationToken cancellation)
    {
        Model.RunBatch(
            [.. pass.Select(request => request.Ids)], [.. pass.Select(request => request.States)], RunOptionsOf(options), progress, cancellation);
        return [.. pass.Select(request => request.Result())];
    }

    private static void RequireLength(EncodeOptions options)
    {
        if (options.MaxLength < 1)
        {
            throw new GemmaException("not a length", subject: "max-length", expected: "at least 1", found: $"{options.MaxLength}");
        }
    }

    // A prompt on its way through the model.
    private sealed class Request(PromptTokens tokens, EncodeOptions options, GemmaModel model, IHiddenStateSink? sink)
    {
        public int[] Ids { get; } = [.. tokens.Ids.Take(options.MaxLength)];

        public FeatureSink Features { get; } =
            new(model.KernelTable, options.Features, options.Profile.FeatureEpsilon(model.Config));

        /// <summary>Takes the states: the features, and beside them the caller's sink.</summary>
        public IHiddenStateSink States => sink is null ? Features : new CompositeSink([Features, sink]);

        public int Length => options.Padding == Padding.Left ? options.MaxLength : Ids.Length;

        public PromptFeatures Result() => new(Features, Ids, Length, model.Config.PadTokenId);
    }
}
