using ManagedGemma.Model;

namespace ManagedGemma.Extensions.AI.Embeddings;

/// <summary>
/// How texts become vectors. Gemma 3 was not trained for it: the vectors are pooled hidden states, fit for comparing texts
/// roughly and no match for an embedding model's.
/// </summary>
public sealed record EmbeddingSettings
{
    /// <summary>How one vector is made of many.</summary>
    public EmbeddingPooling Pooling { get; init; } = EmbeddingPooling.Mean;

    /// <summary>Whether vectors are divided by their Euclidean length, so that their products are cosines.</summary>
    public bool Normalize { get; init; } = true;

    /// <summary>The precision of matrix products.</summary>
    public Precision Precision { get; init; } = Precision.Precise;

    /// <summary>Tokens of a pass over several texts, at most, unless one has more; at least 1. Changes no bit of the result.</summary>
    public int BatchTokens { get; init; } = 1024;
}
