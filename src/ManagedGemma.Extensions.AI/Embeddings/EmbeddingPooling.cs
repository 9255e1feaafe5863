namespace ManagedGemma.Extensions.AI.Embeddings;

/// <summary>How one vector is made of the hidden states of a text's tokens, those after the decoder's final norm.</summary>
public enum EmbeddingPooling
{
    /// <summary>The mean over all tokens, the beginning-of-sequence token included.</summary>
    Mean,

    /// <summary>The last token's, which alone has seen the whole text.</summary>
    LastToken,
}
