namespace ManagedGemma.Model;

/// <summary>Where implementations of Gemma 3's decoder differ, as switches; everything else comes from config.json.</summary>
public sealed record DecoderRules
{
    /// <summary>What Google's, Hugging Face's and Lightricks' code compute.</summary>
    public static DecoderRules Original { get; } = new();

    /// <summary>What car-inference 0.14.0's encoder computes.</summary>
    public static DecoderRules CarInference { get; } = new()
    {
        FullRotaryFraction = 0.25,
        ScaledPositions = false,
        ExactGelu = true,
        FinalStateNormed = false,
        RoundedEmbeddingScale = false,
        ConfiguredAttentionScale = false,
        SlidingWindow = false,
    };

    /// <summary>The part of a head that full-attention layers rotate.</summary>
    public double FullRotaryFraction { get; init; } = 1;

    /// <summary>Whether positions are divided by the config's RoPE factor.</summary>
    public bool ScaledPositions { get; init; } = true;

    /// <summary>GELU by erf instead of its tanh approximation.</summary>
    public bool ExactGelu { get; init; }

    /// <summary>Whether the last hidden state is the final-normed output of the last block (else its raw output).</summary>
    public bool FinalStateNormed { get; init; } = true;

    /// <summary>Whether sqrt(hidden size) is rounded to bf16 before it scales the embeddings.</summary>
    public bool RoundedEmbeddingScale { get; init; } = true;

    /// <summary>Attention scale from query_pre_attn_scalar (else from head_dim).</summary>
    public bool ConfiguredAttentionScale { get; init; } = true;

    /// <summary>Whether sliding layers see only their window.</summary>
    public bool SlidingWindow { get; init; } = true;
}
