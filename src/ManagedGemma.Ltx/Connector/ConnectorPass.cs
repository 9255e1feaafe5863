using System.Numerics.Tensors;
using ManagedGemma.Checkpoints;
using ManagedGemma.Kernels;
using ManagedGemma.Ltx.Products;
using ManagedGemma.Ltx.Weights;
using ManagedGemma.Model.Steps;
using ManagedGemma.Threading;

namespace ManagedGemma.Ltx.Connector;

/// <summary>
/// One run of a connector: a small transformer over T slots, a prompt's tokens first and learnable registers in the others, without a
/// mask. A succession of parallel steps over a few buffers, about 134 MB for LTX-2.3's video connector and 1024 slots.
/// Formulas: Lightricks' LTX-2, <c>embeddings_connector.py</c>.
/// </summary>
internal sealed unsafe class ConnectorPass : IDisposable
{
    /// <summary>In every norm.</summary>
    public const float Epsilon = 1e-6f;

    private readonly ConnectorWeights _weights;
    private readonly LtxConfig _config;
    private readonly LtxConnectorConfig _sizes;
    private readonly KernelTable _kernels;
    private readonly WorkerTeam _team;
    private readonly int _slots;
    private readonly PageWalk _walk;
    private readonly float[] _ones;

    private readonly Buffer2D _stream;  // [slots, width]: the residual stream
    private readonly Buffer2D _normed;  // [slots, width]: normed stream, then attention's output
    private readonly Buffer2D _wide;    // [slots, q|k|v|gates], then [slots, 4·width]: never both at once
    private readonly Buffer2D _cos;     // [slots, width / 2]
    private readonly Buffer2D _sin;
    private readonly HeadPages _pages;

    /// <summary>Buffers for some slots.</summary>
    /// <param name="weights">The connector.</param>
    /// <param name="config">What both connectors share.</param>
    /// <param name="kernels">Kernels.</param>
    /// <param name="team">Threads.</param>
    /// <param name="slots">T.</param>
    /// <param name="walk">Goes through the products' weights, and comes to this connector's; stays the caller's.</param>
    public ConnectorPass(ConnectorWeights weights, LtxConfig config, KernelTable kernels, WorkerTeam team, int slots, PageWalk walk)
    {
        _weights = weights;
        _config = config;
        _sizes = weights.Sizes;
        _kernels = kernels;
        _team = team;
        _slots = slots;
        _walk = walk;
        int width = _sizes.Width;
        _ones = new float[4 * width];
        _ones.AsSpan().Fill(1);
        _stream = new Buffer2D(slots, width);
        _normed = new Buffer2D(slots, width);
        _wide = new Buffer2D(slots, Math.Max(4 * width, (3 * width) + _sizes.HeadCount));
        _cos = new Buffer2D(slots, width / 2);
        _sin = new Buffer2D(slots, width / 2);
        _pages = new HeadPages(_sizes, slots);
    }

    /// <summary>Told where the time goes; null: nobody.</summary>
    public ConnectorTimes? Times { get; init; }

    /// <summary>Fills the slots: tokens in order, then registers, each by its slot's number modulo 128.</summary>
    /// <param name="tokens">At most as many rows as there are slots.</param>
    /// <param name="cancellation">Looked at before every task.</param>
    public void Begin(EmbeddingRows tokens, CancellationToken cancellation)
    {
        int width = _sizes.Width;
        for (int slot = 0; slot < _slots; slot++)
        {
            ReadOnlySpan<float> source = slot < tokens.Count
                ? tokens.Row(slot)
                : _weights.Registers.AsSpan(slot % LtxConfig.RegisterCount * width, width);
            source.CopyTo(_stream.Row(slot));
        }

        if (FirstNotFinite() is { } bad)
        {
            throw new GemmaException("the connector's input holds NaN or infinity", subject: $"row {bad}");
        }

        AngleStep angles = new(ConnectorRope.Frequencies(width, _config.DoubleFrequencies), _config.MaxPosition, _cos, _sin);
        _team.Run(ref angles, TokenStep.Tasks(_slots), cancellation);
    }

    /// <summary>x += attention(rms(x)); x += feed-forward(rms(x)).</summary>
    /// <exception cref="GemmaException">The result is not a number: the message names what is at fault.</exception>
    public void Block(ConnectorBlock block, CancellationToken cancellation)
    {
        Times?.Restart();
        Norm(cancellation);
        Times?.Lap(ConnectorPart.Rest);
        int width = _sizes.Width;
        Multiply(_normed, width, [Wide(block.Query, 0), Wide(block.Key, width), Wide(block.Value, 2 * width), .. Gates(block)], replaces: true, cancellation);
        Times?.Lap(ConnectorPart.Products);
        QueryKeyStep queriesAndKeys = new(_kernels, block, _sizes, _wide, _cos, _sin);
        _team.Run(ref queriesAndKeys, TokenStep.Tasks(_slots), cancellation);
        HeadPageStep pages = new(_kernels, _sizes, _wide, _pages);
        _team.Run(ref pages, pages.Tasks, cancellation);
        FullAttentionStep attention = new()
        {
            Kernels = _kernels,
            Sizes = _sizes,
            Rows = _wide,
            Pages = _pages,
            Gated = block.Gate is not null,
            Output = _normed,
        };
        _team.Run(ref attention, attention.Tasks, cancellation);
        Times?.Lap(ConnectorPart.Attention);
        Multiply(_normed, width, [Stream(block.Output)], replaces: false, cancellation);
        Times?.Lap(ConnectorPart.Products);

        Norm(cancellation);
        Times?.Lap(ConnectorPart.Rest);
        Multiply(_normed, width, [Wide(block.Expand, 0)], replaces: true, cancellation);
        ActivationStep activation = new(_kernels, _wide, _ones);
        _team.Run(ref activation, TokenStep.Tasks(_slots), cancellation);
        Multiply(_wide, 4 * width, [Stream(block.Contract)], replaces: false, cancellation);
        Times?.Lap(ConnectorPart.FeedForward);
        if (FirstNotFinite() is not null)
        {
            throw Faults.Of(block, cancellation);
        }
    }

    /// <summary>The normed stream.</summary>
    public EmbeddingRows End(CancellationToken cancellation)
    {
        Norm(cancellation);
        float[] values = GC.AllocateUninitializedArray<float>(checked(_slots * _sizes.Width));
        for (int slot = 0; slot < _slots; slot++)
        {
            _normed.Row(slot).CopyTo(values.AsSpan(slot * _sizes.Width));
        }

        return new EmbeddingRows(_slots, _sizes.Width, values);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (IDisposable buffer in (IDisposable[])[_stream, _normed, _wide, _cos, _sin, _pages])
        {
            buffer.Dispose();
        }
    }

    private void Norm(CancellationToken cancellation)
    {
        PlainNormStep step = new(_kernels, _stream, _normed);
        _team.Run(ref step, TokenStep.Tasks(_slots), cancellation);
    }

    private IEnumerable<DenseTarget> Gates(ConnectorBlock block) => block.Gate is { } gate ? [Wide(gate, 3 * _sizes.Width)] : [];

    private DenseTarget Wide(LinearLayer layer, int column) => new(layer.Weights, layer.Bias, _wide.Floats + column, _wide.Stride);

    private DenseTarget Stream(LinearLayer layer) => new(layer.Weights, layer.Bias, _stream.Floats, _stream.Stride);

    private void Multiply(Buffer2D x, int columns, DenseTarget[] targets, bool replaces, CancellationToken cancellation)
    {
        DenseStep step = new()
        {
            Kernels = _kernels,
            Targets = targets,
            X = x.Floats,
            Stride = x.Stride,
            Tokens = _slots,
            Columns = columns,
            Replaces = replaces,
            AddsBias = !replaces,
        };
        _walk.Enter();
        _team.Run(ref step, step.Tasks, cancellation);
        _walk.Leave();
    }

    private int? FirstNotFinite()
    {
        for (int slot = 0; slot < _slots; slot++)
        {
            if (!TensorPrimitives.IsFiniteAll<float>(_stream.Row(slot)))
            {
                return slot;
            }
        }

        return null;
    }
}
