namespace ManagedGemma.Ltx.Connector;

/// <summary>Parts of a connector's work, for measurements.</summary>
internal enum ConnectorPart
{
    /// <summary>Queries, keys, values, gates, and attention's output: matrix products.</summary>
    Products,

    /// <summary>Norms and rotation of queries and keys, scores and weighted values.</summary>
    Attention,

    /// <summary>Both matrices of the feed-forward and what is between them.</summary>
    FeedForward,

    /// <summary>Norms of the stream, angles, looks for NaN.</summary>
    Rest,
}
