using System.Diagnostics;
using ManagedGemma.Checkpoints;
using ManagedGemma.Kernels;
using ManagedGemma.Memory;
using ManagedGemma.Model.Steps;
using ManagedGemma.Threading;

namespace ManagedGemma.Model;

/// <summary>
/// One forward pass over the tokens of one prompt: the decoder as a sequence of parallel steps over a few buffers, which are
/// all the memory that it takes beside the mapped weights.
/// </summary>
internal sealed unsafe class DecoderPass : IDisposable
{
    private readonly GemmaConfig _config;
    private readonly DecoderMath _math;
    private readonly KernelTable _kernels;
    private readonly WorkerTeam _team;
    private readonly AttentionShape _shape;
    private readonly LinearInput _input;
    private readonly KeyPanels _keys;
    private readonly int _tokens;
    private readonly int _hidden;

    private readonly NativeBuffer _stream;     // [tokens, hidden]: the residual stream
    private readonly NativeBuffer _normed;     // [tokens, hidden]: normed stream, or what a half of a block computed
    private readonly NativeBuffer _attention;  // [tokens, query size]
    private readonly NativeBuffer _projected;  // [tokens, q|k|v], then [tokens, gate|up]: never both at once

    public DecoderPass(GemmaConfig config, DecoderMath math, KernelTable kernels, WorkerTeam team, Precision precision, int tokens)
    {
        _config = config;
        _math = math;
        _kernels = kernels;
        _team = team;
        _tokens = tokens;
        _hidden = config.HiddenSize;
        _shape = new AttentionShape(config);
        _input = new LinearInput(kernels, precision, tokens);
        _keys = new KeyPanels(_shape, tokens);
        _stream = NativeBuffer.OfFloats((long)tokens * _hidden);
        _normed = NativeBuffer.OfFloats((long)tokens * _hidden);
        _attention = NativeBuffer.OfFloats((long)tokens * _shape.QuerySize);
        _projected = NativeBuffer.OfFloats((long)tokens * Math.Max(_shape.RowSize, 2L * config.IntermediateSize));
    }

    /// <summary>Where the time of this pass went.</summary>
    public PassTimes Times { get; private set; }

    /// <summary>[tokens, hidden]: the residual stream.</summary>
    public ReadOnlySpan<float> Stream => new(_stream.Floats, _tokens * _hidden);

    /// <summary>[tokens, hidden]: the final norm, once <see cref="FinalNorm"/> has run.</summary>
    public ReadOnlySpan<float> Normed => new(_normed.Floats, _tokens * _hidden);

    /// <summary>Fills the stream with scaled embeddings.</summary>
    public void Embed(Linear embedding, int[] ids, CancellationToken cancellation)
    {
        EmbeddingStep step = new(embedding, ids, _math.EmbeddingScale, _stream.Floats);
        _team.Run(ref step, TokenStep.Tasks(_tokens), cancellation);
    }

    /// <summary>Runs one block on the stream.</summary>
    public void Block(DecoderLayer layer, CancellationToken cancellation)
    {
        _input.Set(_normed.Floats, _hidden, layer.Qkv);
        Norm(null, layer.InputNorm, _input, cancellation);
        Multiply(layer.Qkv, _projected.Floats, _shape.RowSize, cancellation);
        Attend(layer, cancellation);
        _input.Set(_attention.Floats, _shape.QuerySize, layer.Output);
        Round(cancellation);
        Multiply(layer.Output, _normed.Floats, _hidden, cancellation);

        _input.Set(_normed.Floats, _hidden, layer.GateUp);
        Norm(layer.PostAttentionNorm, layer.PreFeedforwardNorm, _input, cancellation);
        Multiply(layer.GateUp, _projected.Floats, 2 * _config.IntermediateSize, cancellation);
        _input.Set(_projected.Floats, 2 * _config.IntermediateSize, layer.Down);
        Gate(cancellation);
        Multiply(layer.Down, _normed.Floats, _hidden, cancellation);
        Norm(layer.PostFeedforwardNorm, null, null, cancellation);
    }

    /// <summary>Norms the stream into <see cref="Normed"/>.</summary>
    public void FinalNorm(float[] weight, CancellationToken cancellation) => Norm(null, weight, null, cancellation);

    /// <summary>logits[token, id] = normed · headᵀ, for all tokens.</summary>
    public void Logits(Linear head, float* logits, CancellationToken cancellation)
    {
        Linear[] targets = [head];
        _input.Set(_normed.Floats, _hidden, targets);
        Round(cancellation);
        Multiply(targets, logits, head.Rows, cancellation);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _input.Dispose();
        _keys.Dispose();
        _stream.Dispose();
        _normed.Dispose();
        _attention.Dispose();
        _projected.Dispose();
    }

    // The update of a block's half lies in _normed, where its successor is written too.
    private void Norm(float[]? updateNorm, float[]? norm, LinearInput? next, CancellationToken cancellation)
    {
        NormStep step = new()
        {
            Kernels = _kernels,
            Epsilon = _math.Epsilon,
            Tokens = _tokens,
            Size = _hidden,
            X = _stream.Floats,
            Update = updateNorm is null ? null : _normed.Floats,
            UpdateNorm = updateNorm,
            Y = _normed.Floats,
            Norm = norm,
            Next = next,
        };
        long start = Stopwatch.GetTimestamp();
        _team.Run(ref step, TokenStep.Tasks(_tokens), cancellation);
        Times = Times with { Round = Times.Round + Since(start) };
    }

    private void Round(CancellationToken cancellation)
    {
        long start = Stopwatch.GetTimestamp();
        RoundStep step = new(_input);
        _team.Run(ref step, TokenStep.Tasks(_tokens), cancellation);
        Times = Times with { Round = Times.Round + Since(start) };
    }

    private void Gate(CancellationToken cancellation)
    {
        long start = Stopwatch.GetTimestamp();
        GateStep step = new(
            _math.Rules.ExactGelu ? _kernels.GeluErf : _kernels.GeluTanh, _projected.Floats, _tokens, _config.IntermediateSize, _input);
        _team.Run(ref step, TokenStep.Tasks(_tokens), cancellation);
        Times = Times with { Round = Times.Round + Since(start) };
    }

    private void Multiply(Linear[] targets, float* y, nint yStride, CancellationToken cancellation)
    {
        long start = Stopwatch.GetTimestamp();
        LinearStep step = new(targets, _input, _kernels, y, yStride);
        _team.Run(ref step, step.Tasks, cancellation);
        Times = Times with { Multiply = Times.Multiply + Since(start) };
    }

    private void Attend(DecoderLayer layer, CancellationToken cancellation)
    {
        long start = Stopwatch.GetTimestamp();
        RopeTable rope = _math.Rope(layer.IsFull);
        HeadStep heads = new()
        {
            Kernels = _kernels,
            Shape = _shape,
            Epsilon = _math.Epsilon,
            QueryNorm = layer.QueryNorm,
            KeyNorm = layer.KeyNorm,
            Angles = rope.For(_tokens),
            Pairs = rope.Pairs,
            Qkv = _projected.Floats,
            Tokens = _tokens,
            Keys = _keys,
        };
        _team.Run(ref heads, heads.Tasks, cancellation);
        AttentionStep attention = new()
        {
            Kernels = _kernels,
            Shape = _shape,
            Scale = _math.AttentionScale,
            Window = _math.Window(layer.IsFull),
            Qkv = _projected.Floats,
            Tokens = _tokens,
            Keys = _keys,
            Output = _attention.Floats,
        };
        _team.Run(ref attention, attention.Tasks, cancellation);
        Times = Times with { Attend = Times.Attend + Since(start) };
    }

    private static double Since(long start) => Stopwatch.GetElapsedTime(start).TotalSeconds;
}
