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
public sealed unsafe class GemmaModel : IDisposable
{
    private readonly GemmaCheckpoint _checkpoint;
    private readonly KernelTable _kernels;
    private readonly WorkerTeam _team;
    private readonly Linear _embedding;
    private readonly Linear _head;
    private readonly DecoderLayer[] _layers;
    private readonly float[] _finalNorm;
    private readonly ConcurrentDictionary<DecoderRules, DecoderMath> _math = new();
    private readonly Lock _lifetime = new();
    private int _running;
    private bool _disposed;

    /// <summary>Sets a model up over an open checkpoint, which it owns from then on.</summary>
    /// <exception cref="GemmaException">A tensor is missing, or has the wrong shape, type or quantisation.</exception>
    public GemmaModel(GemmaCheckpoint checkpoint, GemmaModelOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(checkpoint);
        options ??= new GemmaModelOptions();
        if (options.Threads is < 1 or > 1024)
        {
            throw new GemmaException("not a number of threads", subject: "threads", expected: "1 to 1024", found: $"{options.Threads}");
        }

        _checkpoint = checkpoint;
        try
        {
            _kernels = options.InstructionSet is { } limit ? KernelTable.UpTo(limit) : KernelTable.ForMachine();
            _embedding = new Linear(checkpoint.Matrix("embed_tokens", -1, Config.HiddenSize));
            _layers = new DecoderLayer[Config.LayerCount];
            for (int i = 0; i < _layers.Length; i++)
            {
                _layers[i] = new DecoderLayer(checkpoint, i);
            }

            _finalNorm = DecoderLayer.Norm(checkpoint, "norm", Config.HiddenSize);
            _head = checkpoint.LanguageHead(Config.HiddenSize) is { } head ? new Linear(head) : _embedding;
            _team = new WorkerTeam(options.Threads ?? Environment.ProcessorCount);
        }
        catch
        {
            checkpoint.Dispose();
            throw;
        }
    }

    /// <summary>Opens a checkpoint and sets a model up over it.</summary>
    /// <param name="path">A directory with config.json and weights.</param>
    /// <param name="options">Threads and instruction set.</param>
    /// <exception cref="GemmaException">The checkpoint is not there, damaged, or not one that the kernels read.</exception>
    public static GemmaModel Load(string path, GemmaModelOptions? options = null) => new(GemmaCheckpoint.Open(path), options);

    /// <summary>The checkpoint's sizes.</summary>
    public GemmaConfig Config => _checkpoint.Config;

    /// <summary>The checkpoint: its files and tensors.</summary>
    public GemmaCheckpoint Checkpoint => _checkpoint;

    /// <summary>Rows of the embedding: token ids are below it.</summary>
    public int VocabularySize => _embedding.Rows;

    /// <summary>Threads that compute, the caller's included.</summary>
    public int Threads => _team.ThreadCount;

    /// <summary>Which kernel each operation got.</summary>
    public IReadOnlyList<KernelChoice> Kernels => _kernels.Choices;

    /// <summary>Runs the decoder over a prompt and hands each hidden state to a sink.</summary>
    /// <param name="tokenIds">The prompt's tokens, BOS first, no padding: padding never changes what real tokens get.</param>
    /// <param name="sink">Takes the states on this thread; what it throws ends the run.</param>
    /// <param name="options">Precision and rules; null: precise, original.</param>
    /// <param name="progress">Told after each block.</param>
    /// <param name="cancellation">Looked at before every task: a run ends within a fraction of a layer's time.</param>
    /// <exception cref="GemmaException">No tokens, a token that the embedding has no row for, or more than the model's positions.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public void Run(
        ReadOnlySpan<int> tokenIds,
        IHiddenStateSink sink,
        RunOptions? options = null,
        IProgress<LayerProgress>? progress = null,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(sink);
        Enter();
        try
        {
            using DecoderPass pass = Start(tokenIds, options ??= new RunOptions(), cancellation);
            sink.Begin(new HiddenStateShape(_layers.Length + 1, tokenIds.Length, Config.HiddenSize));
            sink.Accept(new HiddenState(HiddenStateStage.Embedding, -1, 0, pass.Stream));
            Continue(pass, options.Rules, sink, progress, cancellation);
        }
        finally
        {
            Leave();
        }
    }

    /// <summary>Gives memory back and unmaps the checkpoint, once runs under way have ended.</summary>
    public void Dispose()
    {
        lock (_lifetime)
        {
            if (_disposed)
            {
                return;
            }

            _disposed = true;
            if (_running > 0)
            {
                return;
            }
        }

        Free();
    }

    /// <summary>Weights of all layers' matrices: multiply-accumulates of a token.</summary>
    internal long LinearWeights => Linears.Sum(linear => (long)linear.Rows * linear.Columns);

    /// <summary>Bytes of all layers' matrices: what a pass reads.</summary>
    internal long LinearBytes => Linears.Sum(linear => linear.ByteLength);

    private IEnumerable<Linear> Linears => _layers.SelectMany(layer => new[] { layer.Qkv, layer.Output, layer.GateUp, layer.Down }).SelectMany(all => all);

    /// <summary>Runs the decoder and tells where the time went.</summary>
    internal PassTimes Measure(ReadOnlySpan<int> tokenIds, RunOptions options)
    {
        Enter();
        try
        {
            using DecoderPass pass = Start(tokenIds, options, CancellationToken.None);
            Continue(pass, options.Rules, sink: null, progress: null, CancellationToken.None);
            return pass.Times;
        }
        finally
        {
            Leave();
        }
    }

    /// <summary>The log-probability of each token after the first, given those before it: [tokens − 1].</summary>
    internal float[] LogProbabilities(ReadOnlySpan<int> tokenIds, RunOptions? options = null, CancellationToken cancellation = default)
    {
        float[] result = new float[tokenIds.Length - 1];
        Logits(tokenIds, options, result, cancellation);
        return result;
    }

    /// <summary>The logits of the token after the last: [vocabulary].</summary>
    internal float[] LastLogits(ReadOnlySpan<int> tokenIds, RunOptions? options = null, CancellationToken cancellation = default) =>
        Logits(tokenIds, options, [], cancellation);

    private float[] Logits(ReadOnlySpan<int> tokenIds, RunOptions? options, Span<float> logProbabilities, CancellationToken cancellation)
    {
        Enter();
        try
        {
            using DecoderPass pass = Start(tokenIds, options ??= new RunOptions(), cancellation);
            Continue(pass, options.Rules, sink: null, progress: null, cancellation);
            using NativeBuffer logits = NativeBuffer.OfFloats((long)tokenIds.Length * _head.Rows);
            pass.Logits(_head, logits.Floats, cancellation);
            for (int i = 0; i < logProbabilities.Length; i++)
            {
                ReadOnlySpan<float> row = new(logits.Floats + ((nint)i * _head.Rows), _head.Rows);
                double largest = row[0], sum = 0;
                foreach (float value in row)
                {
                    largest = Math.Max(largest, value);
                }

                foreach (float value in row)
                {
                    sum += Math.Exp(value - largest);
                }

                logProbabilities[i] = (float)(row[tokenIds[i + 1]] - largest - Math.Log(sum));
            }

            return new ReadOnlySpan<float>(logits.Floats + ((nint)(tokenIds.Length - 1) * _head.Rows), _head.Rows).ToArray();
        }
        finally
        {
            Leave();
        }
    }

    private DecoderPass Start(ReadOnlySpan<int> tokenIds, RunOptions options, CancellationToken cancellation)
    {
        Validate(tokenIds);
        DecoderMath math = _math.GetOrAdd(options.Rules, rules => new DecoderMath(Config, rules));
        DecoderPass pass = new(Config, math, _kernels, _team, options.Precision, tokenIds.Length);
        try
        {
            pass.Embed(_embedding, tokenIds.ToArray(), cancellation);
            return pass;
        }
        catch
        {
            pass.Dispose();
            throw;
        }
    }

    private void Continue(
        DecoderPass pass, DecoderRules rules, IHiddenStateSink? sink, IProgress<LayerProgress>? progress, CancellationToken cancellation)
    {
        for (int i = 0; i < _layers.Length; i++)
        {
            pass.Block(_layers[i], cancellation);
            bool isLast = i + 1 == _layers.Length;
            sink?.Accept(new HiddenState(HiddenStateStage.Block, i, isLast && rules.FinalStateNormed ? null : i + 1, pass.Stream));
            progress?.Report(new LayerProgress(i + 1, _layers.Length));
        }

        pass.FinalNorm(_finalNorm, cancellation);
        sink?.Accept(new HiddenState(HiddenStateStage.FinalNorm, -1, rules.FinalStateNormed ? _layers.Length : null, pass.Normed));
    }

    private void Validate(ReadOnlySpan<int> tokenIds)
    {
        if (tokenIds.IsEmpty)
        {
            throw new GemmaException("no tokens", subject: "token ids", expected: "at least the BOS token");
        }

        if (Config.MaxPositionEmbeddings is { } positions && tokenIds.Length > positions)
        {
            throw new GemmaException("the prompt is longer than the model's context", Checkpoint.Location, "max_position_embeddings", $"at most {positions} tokens", $"{tokenIds.Length}");
        }

        for (int i = 0; i < tokenIds.Length; i++)
        {
            if ((uint)tokenIds[i] >= (uint)VocabularySize)
            {
                throw new GemmaException("the embedding has no row for a token", Checkpoint.Location, $"token {i + 1}", $"an id below {VocabularySize}", $"{tokenIds[i]}");
            }
        }
    }

    private void Enter()
    {
        lock (_lifetime)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            _running++;
        }
    }

    private void Leave()
    {
        lock (_lifetime)
        {
            _running--;
            if (!_disposed || _running > 0)
            {
                return;
            }
        }

        Free();
    }

    private void Free()
    {
        _team.Dispose();
        _checkpoint.Dispose();
    }
}
