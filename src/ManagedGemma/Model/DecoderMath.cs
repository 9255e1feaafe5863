using ManagedGemma.Checkpoints;

namespace ManagedGemma.Model;

/// <summary>What config and rules together fix: scales, windows and rotary tables. One for each set of rules, shared by all passes.</summary>
internal sealed class DecoderMath
{
    private readonly RopeTable _full;
    private readonly RopeTable _sliding;
    private readonly int _window;

    public DecoderMath(GemmaConfig config, DecoderRules rules)
    {
        Rules = rules;
        Epsilon = (float)config.RmsNormEps;
        AttentionScale = (float)(1 / Math.Sqrt(rules.ConfiguredAttentionScale ? config.QueryPreAttnScalar : config.HeadDim));
        float root = MathF.Sqrt(config.HiddenSize);
        EmbeddingScale = rules.RoundedEmbeddingScale ? RoundToBFloat16(root) : root;
        _window = rules.SlidingWindow ? config.SlidingWindow : int.MaxValue;
        _sliding = new RopeTable(config.RopeThetaSliding, rules.ScaledPositions ? config.RopeFactorSliding : 1, config.HeadDim);
        _full = new RopeTable(
            config.RopeThetaFull,
            rules.ScaledPositions ? config.RopeFactorFull : 1,
            (int)Math.Round(config.HeadDim * rules.FullRotaryFraction) / 2 * 2);
    }

    /// <summary>The rules.</summary>
    public DecoderRules Rules { get; }

    /// <summary>In every norm.</summary>
    public float Epsilon { get; }

    /// <summary>The factor on attention scores.</summary>
    public float AttentionScale { get; }

    /// <summary>The factor on embeddings.</summary>
    public float EmbeddingScale { get; }

    /// <summary>A layer's rotary table.</summary>
    public RopeTable Rope(bool full) => full ? _full : _sliding;

    /// <summary>How many keys a query sees at most, itself included.</summary>
    public int Window(bool full) => full ? int.MaxValue : _window;

    private static float RoundToBFloat16(float value)
    {
        Span<byte> bytes = stackalloc byte[2];
        ElementConversion.FromSingles([value], ElementType.BF16, bytes);
        Span<float> rounded = stackalloc float[1];
        ElementConversion.ToSingles(bytes, ElementType.BF16, rounded);
        return rounded[0];
    }
}
