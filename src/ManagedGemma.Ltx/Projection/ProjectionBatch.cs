using System.Numerics.Tensors;
using ManagedGemma.Checkpoints;
using ManagedGemma.Conditioning;
using ManagedGemma.Kernels;
using ManagedGemma.Ltx.Products;
using ManagedGemma.Ltx.Weights;
using ManagedGemma.Memory;
using ManagedGemma.Model;
using ManagedGemma.Model.Steps;
using ManagedGemma.Threading;

namespace ManagedGemma.Ltx.Projection;

/// <summary>
/// Projects prompts' features while they appear, all of them in the same passes over the weights; all features at once (770 MB for 1024
/// tokens of the 12b) never exist. Each prompt has a sink of its own.
/// <para>
/// The columns of a state lie <c>states</c> apart in the weights, so reading them state by state would bring every cache line of 2.3 GB
/// once a state: 49 times. So states are normed and gathered until a block of them is full, as many as <see cref="BlockBytes"/> hold of
/// one prompt, and then multiplied in one pass over the weights: one pass up to 278 tokens of the 12b, four for 1024, whose arithmetic
/// takes far longer than reading the weights four times.
/// </para>
/// <para>
/// Blocks decide in which order products are summed. So that a prompt's bits do not depend on what else is in the batch, its own tokens
/// alone decide its blocks, and only prompts with the same blocks share a batch.
/// </para>
/// </summary>
internal sealed unsafe class ProjectionBatch : IDisposable
{
    /// <summary>Room for the normed states of a block of one prompt.</summary>
    public const long BlockBytes = 200L << 20;

    // Inputs that are put side by side at a time should stay in the last-level cache; a row's weights are read in long pieces all the same.
    private const long InterleavedBytes = 4 << 20;
    private const int FewestTilesAtOnce = 4;
    private const int MostTilesAtOnce = 64;

    private readonly ProjectionWeights _weights;
    private readonly string _encoder;
    private readonly KernelTable _kernels;
    private readonly WorkerTeam _team;
    private readonly StateNorm _norm;
    private readonly long _blockBytes;
    private readonly CancellationToken _cancellation;
    private readonly ProjectionTarget[] _targets;
    private readonly bool _releasesPages;

    private readonly List<ProjectionSink> _sinks = [];

    private HiddenStateShape _shape; // of all prompts together
    private Buffer2D[] _outputs = [];
    private NativeBuffer _states = NativeBuffer.Empty;
    private PageWalk? _walk;
    private int _blockStates;
    private int _done;   // states that are multiplied
    private int _taken;  // states that are normed, of all prompts

    /// <summary>A batch without prompts.</summary>
    /// <param name="weights">The projection.</param>
    /// <param name="encoder">Where the states come from, for messages.</param>
    /// <param name="kernels">Kernels.</param>
    /// <param name="team">Threads; free while a state is handed over.</param>
    /// <param name="norm">How a state is normed.</param>
    /// <param name="blockBytes">Room for the normed states of a block of one prompt.</param>
    /// <param name="releasesPages">Whether the weights' pages are given back at the end.</param>
    /// <param name="cancellation">Looked at before every task.</param>
    public ProjectionBatch(
        ProjectionWeights weights,
        string encoder,
        KernelTable kernels,
        WorkerTeam team,
        StateNorm norm,
        long blockBytes = BlockBytes,
        bool releasesPages = false,
        CancellationToken cancellation = default)
    {
        _weights = weights;
        _encoder = encoder;
        _kernels = kernels;
        _team = team;
        _norm = norm;
        _releasesPages = releasesPages;
        _blockBytes = blockBytes;
        _cancellation = cancellation;
        _targets = ReferenceEquals(weights.Video, weights.Audio) ? [weights.Video] : [weights.Video, weights.Audio];
    }

    /// <summary>States of a block of a prompt.</summary>
    public static int StatesOfBlock(HiddenStateShape shape, long blockBytes = BlockBytes)
    {
        int fitting = (int)Math.Clamp(blockBytes / ((long)shape.Tokens * shape.HiddenSize * sizeof(float)), 1, shape.States);
        int blocks = (shape.States + fitting - 1) / fitting;
        return (shape.States + blocks - 1) / blocks;
    }

    /// <summary>A sink for one more prompt. All sinks are fed side by side: each state goes to all of them, in order, before the next.</summary>
    public ProjectionSink Add()
    {
        ProjectionSink sink = new(this);
        _sinks.Add(sink);
        return sink;
    }

    /// <summary>Takes a prompt's sizes.</summary>
    /// <returns>The prompt's first row among all prompts' rows.</returns>
    internal int Begin(HiddenStateShape shape)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual((long)shape.HiddenSize * shape.States, _weights.FeatureCount, nameof(shape));
        int own = StatesOfBlock(shape, _blockBytes), before = _shape.Tokens;
        if (before > 0 && own != _blockStates)
        {
            throw new ArgumentException("The prompts have other blocks than those before, so they cannot share a batch.", nameof(shape));
        }

        _blockStates = own;
        _shape = shape with { Tokens = before + shape.Tokens };
        return before;
    }

    /// <summary>Takes a state of a prompt.</summary>
    internal void Accept(ProjectionSink sink, in HiddenState state)
    {
        if (state.Index is not { } index)
        {
            return;
        }

        ArgumentOutOfRangeException.ThrowIfNotEqual(index, _taken, nameof(state));
        StateFaults.RequireFinite(state, _encoder);
        if (_outputs.Length == 0)
        {
            _states = NativeBuffer.OfFloats((long)_blockStates * _shape.Tokens * _shape.HiddenSize);
            _outputs = [.. _targets.Select(target => new Buffer2D(_shape.Tokens, target.Width))];
        }

        if (ReferenceEquals(sink, _sinks[0]) && _taken < _blockStates)
        {
            // All weights are wanted at the first block's end: a part of them is asked for at each of its states, beside the encoder's own.
            _walk ??= new PageWalk(WeightPages.InParts(_weights.Ranges, _blockStates), _releasesPages);
            _walk.Ask(_taken);
        }

        float* slot = _states.Floats + (((((nint)_taken - _done) * _shape.Tokens) + sink.FirstRow) * _shape.HiddenSize);
        _norm.Normalize(state.Values, _shape.HiddenSize, new Span<float>(slot, state.Values.Length));
        if (!ReferenceEquals(sink, _sinks[^1]))
        {
            return;
        }

        _taken++;
        if (_taken - _done == _blockStates || _taken == _shape.States)
        {
            MultiplyBlock();
        }
    }

    /// <summary>What all states of a prompt together gave.</summary>
    internal LtxProjection Result(ProjectionSink sink, int length, IReadOnlyList<int> ids)
    {
        if (_done == 0 || _done != _shape.States)
        {
            throw new InvalidOperationException("The run has not handed over all states.");
        }

        EmbeddingRows[] rows = [.. _targets.Select((target, i) => Finish(target, _outputs[i], sink.FirstRow, sink.Tokens))];
        return new LtxProjection(rows[0], rows[^1], _targets[0].Bias, _targets[^1].Bias, length, ids);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _walk?.Dispose();
        _states.Dispose();
        Array.ForEach(_outputs, output => output.Dispose());
    }

    private void MultiplyBlock()
    {
        int count = _taken - _done, tokens = _shape.Tokens;
        int tileDimensions = Math.Max(1, DenseStep.DefaultDepth / count);
        long tileBytes = (long)tokens * tileDimensions * count * sizeof(float);
        int tiles = (int)Math.Clamp(InterleavedBytes / tileBytes, FewestTilesAtOnce, MostTilesAtOnce);
        int atOnce = Math.Min(_shape.HiddenSize, tiles * tileDimensions);
        DenseTarget[] targets =
        [
            .. _targets.Select((target, i) =>
                new DenseTarget(new StateColumns(target.Weights, _shape.States, _done, count), null, _outputs[i].Floats, _outputs[i].Stride)),
        ];
        using Buffer2D features = new(tokens, atOnce * count);
        for (int d = 0; d < _shape.HiddenSize; d += atOnce)
        {
            int dimensions = Math.Min(atOnce, _shape.HiddenSize - d);
            InterleaveStep interleave = new(_states.Floats, count, tokens, _shape.HiddenSize, d, dimensions, features.Floats, features.Stride);
            _team.Run(ref interleave, TokenStep.Tasks(tokens), _cancellation);
            DenseStep multiply = new()
            {
                Kernels = _kernels,
                Targets = targets,
                X = features.Floats,
                Stride = features.Stride,
                Tokens = tokens,
                First = d * count,
                Columns = dimensions * count,
                Depth = tileDimensions * count,
                Replaces = _done == 0 && d == 0,
            };
            _team.Run(ref multiply, multiply.Tasks, _cancellation);
        }

        _done = _taken;
        for (int part = 0; _done == _shape.States && part < _blockStates; part++)
        {
            _walk!.Leave();
        }
    }

    // V2's features carry a factor, which is the same for all of them: it is applied to the sums.
    private EmbeddingRows Finish(ProjectionTarget target, Buffer2D sums, int first, int count)
    {
        float scale = target.Scale(_shape.HiddenSize);
        float[] values = GC.AllocateUninitializedArray<float>(checked(count * target.Width));
        for (int token = 0; token < count; token++)
        {
            Span<float> row = values.AsSpan(token * target.Width, target.Width);
            TensorPrimitives.Multiply(sums.Row(first + token), scale, row);
            if (target.Bias is not null)
            {
                TensorPrimitives.Add(row, target.Bias, row);
            }

            if (!TensorPrimitives.IsFiniteAll<float>(row))
            {
                throw NotFinite(target, row);
            }
        }

        return new EmbeddingRows(count, target.Width, values);
    }

    private static GemmaException NotFinite(ProjectionTarget target, ReadOnlySpan<float> row)
    {
        int output = 0;
        while (float.IsFinite(row[output]))
        {
            output++;
        }

        return Faults.Of(target.Weights, output) ?? Faults.Overflow(target.Weights);
    }
}
