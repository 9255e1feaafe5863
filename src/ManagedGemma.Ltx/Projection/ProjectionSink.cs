using System.Numerics.Tensors;
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
/// A sink that projects a prompt's features while they appear; all of them at once (770 MB for 1024 tokens of the 12b) never exist.
/// <para>
/// The columns of a state lie <c>states</c> apart in the weights, so reading them state by state would bring every cache line of 2.3 GB
/// once a state: 49 times. So states are normed and gathered until a block of them is full, as many as <see cref="BlockBytes"/> hold, and
/// then multiplied in one pass over the weights: one pass up to 278 tokens of the 12b, four for 1024, whose arithmetic takes far longer
/// than reading the weights four times.
/// </para>
/// </summary>
internal sealed unsafe class ProjectionSink : IHiddenStateSink, IDisposable
{
    /// <summary>Room for the normed states of a block.</summary>
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

    private HiddenStateShape _shape;
    private Buffer2D[] _outputs = [];
    private NativeBuffer _states = NativeBuffer.Empty;
    private int _blockStates;
    private int _done;   // states that are multiplied
    private int _taken;  // states that are normed

    /// <summary>A sink for one run.</summary>
    /// <param name="weights">The projection.</param>
    /// <param name="encoder">Where the states come from, for messages.</param>
    /// <param name="kernels">Kernels.</param>
    /// <param name="team">Threads; free while a state is handed over.</param>
    /// <param name="norm">How a state is normed.</param>
    /// <param name="blockBytes">Room for the normed states of a block.</param>
    /// <param name="cancellation">Looked at before every task.</param>
    public ProjectionSink(
        ProjectionWeights weights,
        string encoder,
        KernelTable kernels,
        WorkerTeam team,
        StateNorm norm,
        long blockBytes = BlockBytes,
        CancellationToken cancellation = default)
    {
        _weights = weights;
        _encoder = encoder;
        _kernels = kernels;
        _team = team;
        _norm = norm;
        _blockBytes = blockBytes;
        _cancellation = cancellation;
        _targets = ReferenceEquals(weights.Video, weights.Audio) ? [weights.Video] : [weights.Video, weights.Audio];
    }

    /// <inheritdoc/>
    public void Begin(HiddenStateShape shape)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual((long)shape.HiddenSize * shape.States, _weights.FeatureCount, nameof(shape));
        Dispose();
        _shape = shape;
        (_done, _taken) = (0, 0);
        long stateFloats = (long)shape.Tokens * shape.HiddenSize;
        int fitting = (int)Math.Clamp(_blockBytes / (stateFloats * sizeof(float)), 1, shape.States);
        int blocks = (shape.States + fitting - 1) / fitting;
        _blockStates = (shape.States + blocks - 1) / blocks;
        _states = NativeBuffer.OfFloats(_blockStates * stateFloats);
        _outputs = [.. _targets.Select(target => new Buffer2D(shape.Tokens, target.Width))];
    }

    /// <inheritdoc/>
    public void Accept(in HiddenState state)
    {
        if (state.Index is not { } index)
        {
            return;
        }

        ArgumentOutOfRangeException.ThrowIfNotEqual(index, _taken, nameof(state));
        StateFaults.RequireFinite(state, _encoder);
        _norm.Normalize(state.Values, _shape.HiddenSize, new Span<float>(Slot(_taken - _done), state.Values.Length));
        _taken++;
        if (_taken - _done == _blockStates || _taken == _shape.States)
        {
            MultiplyBlock();
        }
    }

    /// <summary>What all states together gave.</summary>
    /// <param name="length">T of the padded result.</param>
    /// <param name="ids">The prompt's tokens.</param>
    /// <exception cref="GemmaException">The weights hold NaN or infinity.</exception>
    public LtxProjection Result(int length, IReadOnlyList<int> ids)
    {
        if (_done != _shape.States)
        {
            throw new InvalidOperationException("The run has not handed over all states.");
        }

        EmbeddingRows[] rows = [.. _targets.Select((target, i) => Finish(target, _outputs[i]))];
        return new LtxProjection(rows[0], rows[^1], _targets[0].Bias, _targets[^1].Bias, length, ids);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _states.Dispose();
        Array.ForEach(_outputs, output => output.Dispose());
        _outputs = [];
    }

    private float* Slot(int state) => _states.Floats + ((nint)state * _shape.Tokens * _shape.HiddenSize);

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
    }

    // V2's features carry a factor, which is the same for all of them: it is applied to the sums.
    private EmbeddingRows Finish(ProjectionTarget target, Buffer2D sums)
    {
        float scale = target.Scale(_shape.HiddenSize);
        float[] values = GC.AllocateUninitializedArray<float>(checked(_shape.Tokens * target.Width));
        for (int token = 0; token < _shape.Tokens; token++)
        {
            Span<float> row = values.AsSpan(token * target.Width, target.Width);
            TensorPrimitives.Multiply(sums.Row(token), scale, row);
            if (target.Bias is not null)
            {
                TensorPrimitives.Add(row, target.Bias, row);
            }

            if (!TensorPrimitives.IsFiniteAll<float>(row))
            {
                throw NotFinite(target, row);
            }
        }

        return new EmbeddingRows(_shape.Tokens, target.Width, values);
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
