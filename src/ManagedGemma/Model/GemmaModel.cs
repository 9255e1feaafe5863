using System.Collections.Concurrent;
using ManagedGemma.Checkpoints;
using ManagedGemma.Kernels;
using ManagedGemma.Memory;
using ManagedGemma.Threading;

namespace ManagedGemma.Model;

/// <summary>
/// A Gemma 3 decoder over a checkpoint: loaded once, then run from any number of threads. The weights stay where they lie in
/// the mapped file. Formulas: the Gemma 3 technical report (2025) and Hugging Face's <c>modeling_gemma3.py</c>.
/// </summary>
public sealed partial class GemmaModel : IDisposable
{
    private readonly KernelTable _kernels;
    private readonly WorkerTeam _team;
    private readonly DecoderWeights _weights;
    private readonly WeightPages _pages;
    private readonly bool _releasePages;
    private readonly ConcurrentDictionary<DecoderRules, DecoderMath> _math = new();
    private readonly Lifetime _lifetime;

    /// <summary>Sets a model up over an open checkpoint, which it owns from then on.</summary>
    /// <exception cref="GemmaException">A tensor is missing, or has the wrong shape, type or quantisation.</exception>
    public GemmaModel(GemmaCheckpoint checkpoint, GemmaModelOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(checkpoint);
        options ??= new GemmaModelOptions();
        _lifetime = new Lifetime(Free);
        Checkpoint = checkpoint;
        try
        {
            if (options.Threads is < 1 or > 1024)
            {
                throw new GemmaException("not a number of threads", subject: "threads", expected: "1 to 1024", found: $"{options.Threads}");
            }

            InstructionSet limit = options.InstructionSet ?? InstructionSets.LimitFromEnvironment();
            _kernels = KernelTable.UpTo(limit);
            Advice = InstructionSetAdvice.For(limit);
            _weights = new DecoderWeights(checkpoint, _kernels);
            _pages = new WeightPages(_weights.Layers.Select(layer => layer.Linears.SelectMany(linear => linear.Ranges)));
            _releasePages = options.ReleasePages;
            _team = new WorkerTeam(options.Threads ?? Environment.ProcessorCount);
        }
        catch
        {
            checkpoint.Dispose();
            throw;
        }
    }

    /// <summary>Opens a checkpoint and sets a model up over it.</summary>
    /// <param name="path">A directory or a file: see <see cref="GemmaCheckpoint.Open"/>.</param>
    /// <param name="options">Threads and instruction set.</param>
    /// <exception cref="GemmaException">The checkpoint is not there, damaged, or not one that the kernels read.</exception>
    public static GemmaModel Load(string path, GemmaModelOptions? options = null) => new(GemmaCheckpoint.Open(path), options);

    /// <summary>The checkpoint: its files and tensors.</summary>
    public GemmaCheckpoint Checkpoint { get; }

    /// <summary>The checkpoint's sizes.</summary>
    public GemmaConfig Config => Checkpoint.Config;

    /// <summary>Rows of the embedding: token ids are below it.</summary>
    public int VocabularySize => _weights.Embedding.Rows;

    /// <summary>Threads that compute, the caller's included.</summary>
    public int Threads => _team.ThreadCount;

    /// <summary>Which kernel each operation got.</summary>
    public IReadOnlyList<KernelChoice> Kernels => _kernels.Choices;

    /// <summary>
    /// What would make this program faster on this machine, for people; null when nothing is known. A program compiled ahead of time for
    /// less than the processor offers gets one; the event source ManagedGemma tells the same once a process.
    /// </summary>
    public string? Advice { get; }

    /// <summary>The embedding, the matrices of the blocks and, where it is one of its own, the head.</summary>
    public IReadOnlyList<MatrixUse> Matrices => [.. _weights.All.Select(linear => linear.Use)];

    /// <summary>The kernels themselves, for what is computed from hidden states.</summary>
    internal KernelTable KernelTable => _kernels;

    /// <summary>The threads themselves, for the same; sinks may use them while they hold a state.</summary>
    internal WorkerTeam Team => _team;

    /// <summary>Whether weights that have run are given back, for weights that are not the decoder's.</summary>
    internal bool ReleasesPages => _releasePages;

    /// <summary>Runs the decoder over a prompt and hands each hidden state to a sink.</summary>
    /// <param name="tokenIds">The prompt's tokens, BOS first, no padding: padding never changes what real tokens get.</param>
    /// <param name="sink">Takes the states on this thread; what it throws ends the run.</param>
    /// <param name="options">Precision and rules; null: precise, original.</param>
    /// <param name="progress">Told after each block.</param>
    /// <param name="cancellation">Looked at before every task: a run ends within a fraction of a layer's time.</param>
    /// <exception cref="GemmaException">No tokens, a token that the embedding has no row for, or more than the model's positions; a weight file that was cut short.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public void Run(
        IReadOnlyList<int> tokenIds,
        IHiddenStateSink sink,
        RunOptions? options = null,
        IProgress<LayerProgress>? progress = null,
        CancellationToken cancellation = default)
        => RunBatch([tokenIds], [sink], options, progress, cancellation);

    /// <summary>
    /// Runs the decoder over several prompts in one pass over the weights: short prompts together take little longer than one.
    /// Each prompt's states have the bits that it gets alone.
    /// </summary>
    /// <param name="prompts">Each as for <see cref="Run"/>. Buffers grow with the tokens of all.</param>
    /// <param name="sinks">One a prompt.</param>
    /// <inheritdoc cref="Run"/>
#pragma warning disable CS1573 // The other parameters are inherited.
    public void RunBatch(
        IReadOnlyList<IReadOnlyList<int>> prompts,
        IReadOnlyList<IHiddenStateSink> sinks,
        RunOptions? options = null,
        IProgress<LayerProgress>? progress = null,
        CancellationToken cancellation = default)
#pragma warning restore CS1573
    {
        ArgumentNullException.ThrowIfNull(prompts);
        ArgumentNullException.ThrowIfNull(sinks);
        ArgumentOutOfRangeException.ThrowIfNotEqual(sinks.Count, prompts.Count, nameof(sinks));
        if (prompts.Count > 0)
        {
            Forward(prompts, caches: null, sinks, options ?? new RunOptions(), progress, cancellation);
        }
    }

    /// <summary>Finds what <see cref="Run"/> would refuse of a prompt, without computing anything.</summary>
    /// <param name="tokenIds">As for <see cref="Run"/>.</param>
    /// <exception cref="GemmaException">As for <see cref="Run"/>.</exception>
    public void Validate(IReadOnlyList<int> tokenIds)
    {
        ArgumentNullException.ThrowIfNull(tokenIds);
        Validate(tokenIds, before: 0);
    }

    /// <summary>Gives memory back and unmaps the checkpoint, once runs under way have ended.</summary>
    public void Dispose() => _lifetime.Dispose();

    // The one way through the decoder. Without caches nothing of the sequences is kept; without sinks nothing is handed out.
    private PassTimes Forward(
        IReadOnlyList<IReadOnlyList<int>> prompts,
        IReadOnlyList<SequenceCache>? caches,
        IReadOnlyList<IHiddenStateSink> sinks,
        RunOptions options,
        IProgress<LayerProgress>? progress,
        CancellationToken cancellation)
    {
        using Lifetime.Use use = _lifetime.Enter(this);
        using PassRun run = Begin(prompts, caches, options, cancellation);
        int layers = _weights.Layers.Length;
        for (int i = 0; i < sinks.Count; i++)
        {
            sinks[i].Begin(new HiddenStateShape(layers + 1, prompts[i].Count, Config.HiddenSize));
        }

        run.HandOut(sinks, HiddenStateStage.Embedding, -1, 0);
        for (int i = 0; i < layers; i++)
        {
            run.Block(i, cancellation);
            run.HandOut(sinks, HiddenStateStage.Block, i, i + 1 == layers && options.Rules.FinalStateNormed ? null : i + 1);
            progress?.Report(new LayerProgress(i + 1, layers));
        }

        run.FinalNorm(cancellation);
        run.HandOut(sinks, HiddenStateStage.FinalNorm, -1, options.Rules.FinalStateNormed ? layers : null);
        for (int i = 0; i < prompts.Count; i++)
        {
            if (caches is not null)
            {
                caches[i].Length += prompts[i].Count;
            }
        }

        return run.Pass.Times;
    }

    private PassRun Begin(
        IReadOnlyList<IReadOnlyList<int>> prompts, IReadOnlyList<SequenceCache>? caches, RunOptions options, CancellationToken cancellation)
    {
        (int Count, int Start)[] sequences = new (int, int)[prompts.Count];
        for (int i = 0; i < sequences.Length; i++)
        {
            sequences[i] = (prompts[i].Count, caches?[i].Length ?? 0);
            Validate(prompts[i], sequences[i].Start);
        }

        return Begin(prompts, caches, new PassLayout(sequences), options, cancellation);
    }

    private PassRun Begin(
        IReadOnlyList<IReadOnlyList<int>> prompts,
        IReadOnlyList<SequenceCache>? caches,
        PassLayout layout,
        RunOptions options,
        CancellationToken cancellation)
    {
        Checkpoint.CheckLengths();
        DecoderMath math = _math.GetOrAdd(options.Rules, rules => new DecoderMath(Config, rules));
        DecoderPass pass = new(Config, math, _kernels, _team, options.Precision, layout);
        PassRun run = new(_weights, _pages, _releasePages, layout, pass, caches, new AttentionShape(Config));
        try
        {
            run.Embed(prompts, cancellation);
            return run;
        }
        catch
        {
            run.Dispose();
            throw;
        }
    }

    private void Validate(IReadOnlyList<int> tokenIds, int before)
    {
        if (tokenIds.Count == 0)
        {
            throw new GemmaException("no tokens", subject: "token ids", expected: "at least the BOS token");
        }

        if (Config.MaxPositionEmbeddings is { } positions && (long)before + tokenIds.Count > positions)
        {
            throw new GemmaException(
                "the prompt is longer than the model's context",
                Checkpoint.Location,
                "max_position_embeddings",
                $"at most {positions} tokens",
                $"{(long)before + tokenIds.Count}");
        }

        for (int i = 0; i < tokenIds.Count; i++)
        {
            if ((uint)tokenIds[i] >= (uint)VocabularySize)
            {
                throw new GemmaException(
                    "the embedding has no row for a token", Checkpoint.Location, $"token {i + 1}", $"an id below {VocabularySize}", $"{tokenIds[i]}");
            }
        }
    }

    private void Free()
    {
        _team.Dispose();
        Checkpoint.Dispose();
    }
}
