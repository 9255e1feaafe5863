namespace ManagedGemma.Ltx.Formats;

/// <summary>Where a tensor's rows come from.</summary>
internal enum RowSource
{
    /// <summary>The video connector's output.</summary>
    VideoContext,

    /// <summary>The audio connector's output.</summary>
    AudioContext,

    /// <summary>Both connectors' outputs, side by side.</summary>
    BothContexts,

    /// <summary>The video embeddings before the connector, padded in front.</summary>
    VideoProjection,

    /// <summary>The audio embeddings before the connector, padded in front.</summary>
    AudioProjection,

    /// <summary>The hidden states, interleaved, zeros in front for padding.</summary>
    HiddenStates,

    /// <summary>An integer a row: 1 where a padded row belongs to the prompt, else 0.</summary>
    PromptMask,

    /// <summary>An integer a row: 1, since every slot of a context counts.</summary>
    ContextMask,
}
