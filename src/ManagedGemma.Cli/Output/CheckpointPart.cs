namespace ManagedGemma.Cli.Output;

/// <summary>What a tensor is for.</summary>
internal enum CheckpointPart
{
    /// <summary>Token embeddings.</summary>
    Embedding,

    /// <summary>Query, key, value and output projections.</summary>
    Attention,

    /// <summary>Gate, up and down projections.</summary>
    FeedForward,

    /// <summary>All norms.</summary>
    Norms,

    /// <summary>A language head of its own.</summary>
    Head,

    /// <summary>What the decoder does not read: a vision tower.</summary>
    Ignored,
}
