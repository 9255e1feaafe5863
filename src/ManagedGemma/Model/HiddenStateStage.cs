namespace ManagedGemma.Model;

/// <summary>Where in the decoder a hidden state comes from.</summary>
public enum HiddenStateStage
{
    /// <summary>The scaled embeddings.</summary>
    Embedding,

    /// <summary>The raw output of a block.</summary>
    Block,

    /// <summary>The final norm of the last block's output.</summary>
    FinalNorm,
}
