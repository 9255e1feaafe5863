using ManagedGemma.Checkpoints;
using ManagedGemma.Conditioning;
using ManagedGemma.Ltx.Connector;
using ManagedGemma.Ltx.Projection;
using ManagedGemma.Ltx.Weights;
using ManagedGemma.Memory;
using ManagedGemma.Model;

namespace ManagedGemma.Ltx;

/// <summary>
/// From a prompt to what LTX's transformer reads: encoder, projection, connectors. Load once, encode from any number of threads; all use
/// the encoder's own threads, so that they do not oversubscribe the machine. The result's bits do not depend on their number.
/// Formulas: Lightricks' LTX-2, <c>text_encoders/gemma</c>.
/// </summary>
/// <example>
/// <code>
/// using GemmaTextEncoder encoder = GemmaTextEncoder.Load("/models/gemma-3-12b-it-4bit");
/// using LtxTextConditioner conditioner = LtxTextConditioner.Load(encoder, "/models/ltx-2.3.safetensors");
/// LtxConditioning conditioning = conditioner.Encode("A red fox runs through fresh snow.");
/// </code>
/// </example>
public sealed class LtxTextConditioner : IDisposable
{
    private readonly Lifetime _lifetime;

    /// <summary>Takes a checkpoint, which it owns from then on, and an encoder, which stays the caller's and must outlive it.</summary>
    /// <exception cref="GemmaException">The two do not belong together.</exception>
    public LtxTextConditioner(GemmaTextEncoder encoder, LtxCheckpoint checkpoint)
    {
        ArgumentNullException.ThrowIfNull(encoder);
        ArgumentNullException.ThrowIfNull(checkpoint);
        Encoder = encoder;
        Checkpoint = checkpoint;
        _lifetime = new Lifetime(checkpoint.Dispose);
        try
        {
            RequireSameSizes();
        }
        catch
        {
            checkpoint.Dispose();
            throw;
        }
    }

    /// <summary>The encoder.</summary>
    public GemmaTextEncoder Encoder { get; }

    /// <summary>The checkpoint.</summary>
    public LtxCheckpoint Checkpoint { get; }

    /// <summary>Opens a checkpoint for an encoder.</summary>
    /// <param name="encoder">Stays the caller's and must outlive the conditioner.</param>
    /// <param name="path">An LTX-2 *.safetensors file.</param>
    /// <exception cref="GemmaException">As for <see cref="LtxCheckpoint.Open"/>; or the encoder is not the one that the checkpoint wants.</exception>
    public static LtxTextConditioner Load(GemmaTextEncoder encoder, string path)
    {
        ArgumentNullException.ThrowIfNull(encoder);
        return new LtxTextConditioner(encoder, LtxCheckpoint.Open(path));
    }

    /// <summary>Conditions a prompt.</summary>
    /// <param name="prompt">The text; a lone surrogate counts as U+FFFD.</param>
    /// <param name="options">Profile, precision, length; null: the defaults.</param>
    /// <param name="progress">Told after each layer and block.</param>
    /// <param name="cancellation">Ends the run within a fraction of a layer's time.</param>
    /// <exception cref="GemmaException">
    /// A length that is no multiple of 128, a token that the encoder has no row for, NaN or infinity in states or weights.
    /// </exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public LtxConditioning Encode(
        string prompt, LtxOptions? options = null, IProgress<LtxProgress>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(prompt);
        return Connect(Project(Tokenize(prompt, options), options, null, progress, cancellation), progress, cancellation);
    }

    /// <summary>Tokenises a prompt as a profile does.</summary>
    /// <param name="prompt">The text.</param>
    /// <param name="options">Profile and length; null: the defaults.</param>
    /// <exception cref="GemmaException">A length that is no multiple of 128.</exception>
    public PromptTokens Tokenize(ReadOnlySpan<char> prompt, LtxOptions? options = null)
    {
        options ??= new LtxOptions();
        LtxOptions.RequireLength(options.Length);
        return Encoder.Tokenize(prompt, options.ForEncoder());
    }

    /// <summary>The first half: encodes tokens and projects their states.</summary>
    /// <param name="tokens">The prompt's tokens; more than the length are cut.</param>
    /// <param name="options">Profile, precision, length; null: the defaults.</param>
    /// <param name="sink">Takes the hidden states beside the projection; null: nothing does.</param>
    /// <param name="progress">Told after each layer.</param>
    /// <param name="cancellation">Ends the run within a fraction of a layer's time.</param>
    /// <inheritdoc cref="Encode(string, LtxOptions?, IProgress{LtxProgress}?, CancellationToken)"/>
    public LtxProjection Project(
        PromptTokens tokens,
        LtxOptions? options = null,
        IHiddenStateSink? sink = null,
        IProgress<LtxProgress>? progress = null,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(tokens);
        options ??= new LtxOptions();
        LtxOptions.RequireLength(options.Length);
        return RunPass([Cut(tokens, options)], [sink], options, progress, cancellation)[0];
    }

    /// <summary>
    /// The first half for many prompts, several in one pass over the weights of encoder and projection, yielded in order, pass by pass.
    /// Each has the bits that it gets alone.
    /// </summary>
    /// <param name="prompts">Read as they are needed.</param>
    /// <param name="options">As for one prompt; <see cref="LtxOptions.BatchTokens"/> bounds a pass.</param>
    /// <param name="sinks">Gives what takes the hidden states of a prompt (its index among the prompts), asked when the prompt is read; null:
    /// nothing does.</param>
    /// <param name="progress">Told after each layer of each pass.</param>
    /// <param name="cancellation">Ends the pass under way within a fraction of a layer's time.</param>
    /// <inheritdoc cref="Encode(string, LtxOptions?, IProgress{LtxProgress}?, CancellationToken)"/>
    public IEnumerable<LtxProjection> ProjectMany(
        IEnumerable<PromptTokens> prompts,
        LtxOptions? options = null,
        Func<int, IHiddenStateSink?>? sinks = null,
        IProgress<LtxProgress>? progress = null,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(prompts);
        options ??= new LtxOptions();
        LtxOptions.RequireLength(options.Length);
        return Passes();

        IEnumerable<LtxProjection> Passes()
        {
            List<int[]> pass = [];
            List<IHiddenStateSink?> beside = [];
            int index = 0;
            foreach (PromptTokens tokens in prompts)
            {
                int[] ids = Cut(tokens, options);
                if (pass.Count > 0 && !CanShare([.. pass.Select(other => other.Length), ids.Length], options.BatchTokens))
                {
                    foreach (LtxProjection projection in RunPass(pass, beside, options, progress, cancellation))
                    {
                        yield return projection;
                    }

                    pass.Clear();
                    beside.Clear();
                }

                pass.Add(ids);
                beside.Add(sinks?.Invoke(index++));
            }

            if (pass.Count > 0)
            {
                foreach (LtxProjection projection in RunPass(pass, beside, options, progress, cancellation))
                {
                    yield return projection;
                }
            }
        }
    }

    /// <summary>
    /// Conditions many prompts: encoder and projection for several in one pass, then the connectors for each, which compute all T slots
    /// whatever the prompt's length. Yielded in order; each has the bits that it gets alone.
    /// </summary>
    /// <inheritdoc cref="ProjectMany"/>
    public IEnumerable<LtxConditioning> EncodeMany(
        IEnumerable<PromptTokens> prompts,
        LtxOptions? options = null,
        IProgress<LtxProgress>? progress = null,
        CancellationToken cancellation = default) =>
        ProjectMany(prompts, options, null, progress, cancellation).Select(projection => Connect(projection, progress, cancellation));

    /// <summary>Whether prompts can share a pass: their tokens, and what the projection of all of them holds in memory at once.</summary>
    /// <param name="tokenCounts">Tokens of each prompt.</param>
    /// <param name="batchTokens">Tokens of a pass at most.</param>
    public bool CanShare(IReadOnlyList<int> tokenCounts, int batchTokens)
    {
        ArgumentNullException.ThrowIfNull(tokenCounts);
        long total = tokenCounts.Sum(count => (long)count);
        if (total > batchTokens)
        {
            return false;
        }

        int block = StatesOfBlock((int)total);
        return tokenCounts.All(count => StatesOfBlock(count) == block);
    }

    /// <summary>The second half: runs both connectors.</summary>
    /// <param name="projection">From <see cref="Project"/>, or cached rows (<see cref="LtxProjection.FromPadded"/>).</param>
    /// <param name="progress">Told after each block.</param>
    /// <param name="cancellation">Ends the run within a fraction of a block's time.</param>
    /// <exception cref="GemmaException">Rows of another width than the connectors', NaN or infinity in them or in the weights.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public LtxConditioning Connect(LtxProjection projection, IProgress<LtxProgress>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(projection);
        using Lifetime.Use use = _lifetime.Enter(this);
        using PageWalk walk = new(Checkpoint.ConnectorPages, Encoder.Model.ReleasesPages);
        walk.Ask(0);
        return new LtxConditioning(
            Connect(Checkpoint.Video, projection.Video, projection.Length, LtxStage.VideoConnector, walk, progress, cancellation),
            Connect(Checkpoint.Audio, projection.Audio, projection.Length, LtxStage.AudioConnector, walk, progress, cancellation),
            projection);
    }

    /// <summary>Disposes the checkpoint, not the encoder; runs under way end first.</summary>
    public void Dispose() => _lifetime.Dispose();

    /// <summary>Runs the decoder over prompts in one pass, as the options say.</summary>
    internal static void RunEncoder(
        GemmaTextEncoder encoder,
        IReadOnlyList<int[]> prompts,
        LtxOptions options,
        IReadOnlyList<IHiddenStateSink> sinks,
        IProgress<LtxProgress>? progress,
        CancellationToken cancellation) =>
        encoder.Model.RunBatch(
            prompts,
            sinks,
            new RunOptions { Precision = options.Precision, Rules = options.Profile.Decoder() },
            progress is null ? null : new LayerRelay(progress),
            cancellation);

    private static int[] Cut(PromptTokens tokens, LtxOptions options) => [.. tokens.Ids.Take(options.Length)];

    private int StatesOfBlock(int tokens) =>
        ProjectionBatch.StatesOfBlock(new HiddenStateShape(Encoder.Model.Config.LayerCount + 1, tokens, Encoder.Model.Config.HiddenSize));

    private LtxProjection[] RunPass(
        List<int[]> prompts, IReadOnlyList<IHiddenStateSink?> beside, LtxOptions options, IProgress<LtxProgress>? progress, CancellationToken cancellation)
    {
        using Lifetime.Use use = _lifetime.Enter(this);
        GemmaModel model = Encoder.Model;
        StateNorm norm = new(model.KernelTable, Checkpoint.Config.Features, options.Profile.FeatureEpsilon(model.Config));
        using ProjectionBatch batch = new(
            Checkpoint.Projection,
            model.Checkpoint.Location,
            model.KernelTable,
            model.Team,
            norm,
            releasesPages: model.ReleasesPages,
            cancellation: cancellation);
        ProjectionSink[] projections = [.. prompts.Select(_ => batch.Add())];
        RunEncoder(
            Encoder,
            prompts,
            options,
            [.. projections.Zip(beside, (projection, sink) => sink is null ? (IHiddenStateSink)projection : new CompositeSink(projection, sink))],
            progress,
            cancellation);
        return [.. projections.Select((projection, i) => projection.Result(options.Length, prompts[i]))];
    }

    private EmbeddingRows Connect(
        ConnectorWeights weights,
        EmbeddingRows rows,
        int length,
        LtxStage stage,
        PageWalk walk,
        IProgress<LtxProgress>? progress,
        CancellationToken cancellation)
    {
        if (rows.Width != weights.Sizes.Width)
        {
            throw new GemmaException(
                "the rows do not belong to this LTX checkpoint", Checkpoint.Path, $"{stage}", $"rows of {weights.Sizes.Width}", $"{rows.Width}");
        }

        using ConnectorPass pass = new(weights, Checkpoint.Config, Encoder.Model.KernelTable, Encoder.Model.Team, length, walk);
        pass.Begin(rows, cancellation);
        for (int i = 0; i < weights.Blocks.Length; i++)
        {
            pass.Block(weights.Blocks[i], cancellation);
            progress?.Report(new LtxProgress(stage, i + 1, weights.Blocks.Length));
        }

        return pass.End(cancellation);
    }

    private void RequireSameSizes()
    {
        GemmaModel model = Encoder.Model;
        int hidden = model.Config.HiddenSize, states = model.Config.LayerCount + 1, features = Checkpoint.FeatureCount;
        if ((long)hidden * states == features)
        {
            return;
        }

        string wanted = Checkpoint.Config.CaptionChannels is { } channels && features % channels == 0
            ? $"hidden size {channels} with {features / channels} hidden states"
            : $"{features} features (hidden size x hidden states)";
        throw new GemmaException(
            $"this LTX checkpoint was trained with another encoder than {model.Checkpoint.Location}",
            Checkpoint.Path,
            Checkpoint.Projection.Video.Weights.Weight.Name,
            wanted,
            $"hidden size {hidden} with {states} hidden states");
    }

    private sealed class LayerRelay(IProgress<LtxProgress> progress) : IProgress<LayerProgress>
    {
        public void Report(LayerProgress value) => progress.Report(new LtxProgress(LtxStage.Encoder, value.Done, value.Total));
    }
}
