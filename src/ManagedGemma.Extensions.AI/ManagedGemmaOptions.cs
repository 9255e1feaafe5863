using ManagedGemma.Conditioning;
using ManagedGemma.Extensions.AI.Embeddings;
using ManagedGemma.Generation;
using ManagedGemma.Generation.Chat;

namespace ManagedGemma.Extensions.AI;

/// <summary>How the one shared model is loaded and used.</summary>
public sealed class ManagedGemmaOptions
{
    /// <summary>
    /// The model: a directory, a file, or owner/name of a model in the Hugging Face cache. Null: what the environment variable
    /// MANAGED_GEMMA_MODEL names, else <see cref="GemmaTextEncoder.DefaultRepository"/> in that cache.
    /// </summary>
    public string? Model { get; set; }

    /// <summary>What responses, traces and metrics call the model; null: owner/name where it lies in the Hugging Face cache, else the last part of its path.</summary>
    public string? ModelId { get; set; }

    /// <summary>Makes the model instead of <see cref="Model"/>: for one that is in memory, or the demo. It is disposed with the container.</summary>
    public Func<GemmaTextEncoder>? ModelFactory { get; set; }

    /// <summary>Threads that compute; null: as many as the process may use.</summary>
    public int? Threads { get; set; }

    /// <summary>Calls that share passes over the weights, at most; others wait for their turn. 1 to 1024.</summary>
    public int MaxSequences { get; set; } = 16;

    /// <summary>What holds for a chat where a call does not say.</summary>
    public GenerationOptions Generation { get; set; } = ChatDefaults.Sampling;

    /// <summary>
    /// Conversations whose keys and values are kept in memory, so that the next message does not wait for all of it anew. An answer then
    /// may depend in its last bits on what was kept; with 0 it depends on the call alone.
    /// </summary>
    public int KeptConversations { get; set; } = 1;

    /// <summary>How texts become vectors.</summary>
    public EmbeddingSettings Embeddings { get; set; } = new();
}
