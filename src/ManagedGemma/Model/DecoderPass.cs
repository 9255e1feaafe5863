using System.Diagnostics;
using ManagedGemma.Checkpoints;
using ManagedGemma.Kernels;
using ManagedGemma.Memory;
using ManagedGemma.Model.Steps;
using ManagedGemma.Threading;

namespace ManagedGemma.Model;

/// <summary>
/// Forward passes over the tokens of some sequences: the decoder as a succession of parallel steps over a few buffers, which are
/// all the memory that it takes beside the mapped weights and the caches of keys and values.
/// </summary>
internal sealed unsafe class DecoderPass : IDisposable
{
    private readonly GemmaConfig _config;
    private readonly DecoderMath _math;
    private readonly KernelTable _kernels;
    private readonly WorkerTeam _team;
    private readonly AttentionShape _shape;
    private readonly LinearInput _input;
    private readonly PassLayout _layout;
    private readonly Precision _precision;
    private readonly int _tokens;
    private readonly int _hidden;

    private readonly NativeBuffer _stream;     // [tokens, hidden]: the residual stream
    private readonly NativeBuffer _normed;     // [tokens, hidden]: normed stream, or what a half of a block computed
    private readonly NativeBuffer _attention;  // [tokens, query size]
    private readonly NativeBuffer _projected;  // [tokens, q|k|v], then [tokens, gate|up]: never both at once

    public DecoderPass(GemmaConfig config, DecoderMath math, KernelTable kernels, WorkerTeam team, Precision precision, PassLayout layout)
    {
        _config = config;
        _math = math;
        _kernels = kernels;
        _team = team;
        _precision = precision;
        _layout = layout;
        _tokens = layout.Rows;
        _hidden = config.HiddenSize;
        _shape = new AttentionShape(config);
        _input = new LinearInput(kernels, precision, layout);
        _stream = NativeBuffer.OfFloats((long)_tokens * _hidden);
        _normed = NativeBuffer.OfFloats((long)_tokens * _hidden);
        _attention = NativeBuffer.OfFloats((long)_tokens * _shape.QuerySize);
        _projected = NativeBuffer.OfFloats((long)_tokens * Math.Max(_shape.RowSize, 2L * config.IntermediateSize));
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
    /// <param name="layer">The block's weights.</param>
    /// <param name="caches">Each sequence's keys and values of this layer; the pass's own are added.</param>
    /// <param name="cancellation">Looked at before every task.</param>
    public void Block(DecoderLayer layer, KeyValues[] caches, CancellationToken cancellation)
    {
        _input.Set(_normed.Floats, _hidden, layer.Qkv);
        Norm(null, layer.InputNorm, _input, cancellation);
        Multiply(layer.Qkv, _input, _projected.Floats, _shape.RowSize, cancellation);
        Attend(layer, caches, cancellation);
        _input.Set(_attention.Floats, _shape.QuerySize, layer.Output);
        Round(_input, cancellation);
        Multiply(layer.Output, _input, _normed.Floats, _hidden, cancellation);

        _input.Set(_normed.Floats, _hidden, layer.GateUp);
        Norm(layer.PostAttentionNorm, layer.PreFeedforwardNorm, _input, cancellation);
        Multiply(layer.GateUp, _input, _projected.Floats, 2 * _config.IntermediateSize, cancellation);
        _input.Set(_projected.Floats, 2 * _config.IntermediateSize, layer.Down);
        Gate(cancellation);
        Multiply(layer.Down, _input, _normed.Floats, _hidden, cancellation);
        Norm(layer.PostFeedforwardNorm, null, null, cancellation);
    }

    /// <summary>Norms the stream into <see cref="Normed"/>.</summary>
    public void FinalNorm(float[] weight, CancellationToken cancellation) => Norm(null, weight, null, cancellation);

    /// <summary>logits[i, id] = normed[first + i] · headᵀ, for some rows.</summary>
    public void Logits(Linear head, int first, int count, float* logits, CancellationToken cancellation)
    {
        Linear[] targets = [head];
        using LinearInput input = new(_kernels, _precision, new PassLayout([(count, 0)]));
        input.Set(_normed.Floats + ((nint)first * _hidden), _hidden, targets);
        Round(input, cancellation);
        Multiply(targets, input, logits, head.Rows, cancellation);
    }

    /// <summary>
    /// logits[i, id] = normed[rows[i]] · headᵀ, for any rows, each for itself: its bits depend neither on the others nor on how many
    /// there are.
    /// </summary>
    public void LogitsByRow(Linear head, ReadOnlySpan<int> rows, float* logits, CancellationToken cancellation)
    {
        Linear[] targets = [head];
        using NativeBuffer gathered = NativeBuffer.OfFloats((long)rows.Length * _hidden);
        for (int i = 0; i < rows.Length; i++)
        {
            Normed.Slice(rows[i] * _hidden, _hidden).CopyTo(new Span<float>(gathered.Floats + ((nint)i * _hidden), _hidden));
        }

        using LinearInput input = new(_kernels, _precision, new PassLayout([(rows.Length, 0, true)]));
        input.Set(gathered.Floats, _hidden, targets);
        Round(input, cancellation);
        Multiply(targets, input, logits, head.Rows, cancellation);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _input.Dispose();
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

    private void Round(LinearInput input, CancellationToken cancellation)
    {
        long start = Stopwatch.GetTimestamp();
        RoundStep step = new(input);
        _team.Run(ref step, TokenStep.Tasks(input.Count), cancellation);
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

    private void Multiply(Linear[] targets, LinearInput input, float* y, nint yStride, CancellationToken cancellation)
    {
        long start = Stopwatch.GetTimestamp();
        LinearStep step = new(targets, input, _kernels, y, yStride, _team.ThreadCount);
        _team.Run(ref step, step.Tasks, cancellation);
        Times = Times with { Multiply = Times.Multiply + Since(start) };
    }

    private void Attend(DecoderLayer layer, KeyValues[] caches, CancellationToken cancellation)
    {
        long start = Stopwatch.GetTimestamp();
        for (int i = 0; i < caches.Length; i++)
        {
            caches[i].Reserve(_layout.Sequences[i].Start, _layout.Sequences[i].End);
        }

        RopeTable rope = _math.Rope(layer.IsFull);
        HeadStep heads = new()
        {
            Kernels = _kernels,
            Shape = _shape,
            Epsilon = _math.Epsilon,
            QueryNorm = layer.QueryNorm,
            KeyNorm = layer.KeyNorm,
            Angles = rope.For(_layout.Positions),
            Pairs = rope.Pairs,
            Qkv = _projected.Floats,
            Layout = _layout,
            Caches = caches,
        };
        _team.Run(ref heads, heads.Tasks, cancellation);
        AttentionStep attention = new()
        {
            Kernels = _kernels,
            Shape = _shape,
            Scale = _math.AttentionScale,
            Window = _math.Window(layer.IsFull),
            Qkv = _projected.Floats,
            Layout = _layout,
            Caches = caches,
            Output = _attention.Floats,
        };
        _team.Run(ref attention, attention.Tasks, cancellation);
        Times = Times with { Attend = Times.Attend + Since(start) };
    }

    private static double Since(long start) => Stopwatch.GetElapsedTime(start).TotalSeconds;
}
