using ManagedGemma.Checkpoints;
using ManagedGemma.Kernels;

namespace ManagedGemma.Model;

/// <summary>All weights of a decoder.</summary>
internal sealed class DecoderWeights
{
    /// <summary>Finds every tensor of the decoder.</summary>
    /// <exception cref="GemmaException">One is missing, or has the wrong shape, type or quantisation.</exception>
    public DecoderWeights(GemmaCheckpoint checkpoint, KernelTable kernels)
    {
        GemmaConfig config = checkpoint.Config;
        Embedding = new Linear(checkpoint.Matrix("embed_tokens", -1, config.HiddenSize), kernels);
        Layers = new DecoderLayer[config.LayerCount];
        for (int i = 0; i < Layers.Length; i++)
        {
            Layers[i] = new DecoderLayer(checkpoint, i, kernels);
        }

        FinalNorm = DecoderLayer.Norm(checkpoint, "norm", config.HiddenSize);
        Head = checkpoint.LanguageHead(config.HiddenSize) is { } head ? new Linear(head, kernels) : Embedding;
    }

    /// <summary>[vocabulary, hidden].</summary>
    public Linear Embedding { get; }

    /// <summary>The blocks.</summary>
    public DecoderLayer[] Layers { get; }

    /// <summary>[hidden].</summary>
    public float[] FinalNorm { get; }

    /// <summary>[vocabulary, hidden]: a matrix of its own, or the embedding.</summary>
    public Linear Head { get; }

    /// <summary>Matrices of the blocks.</summary>
    public IEnumerable<Linear> Linears => Layers.SelectMany(layer => layer.Linears);

    /// <summary>Every matrix, once.</summary>
    public IEnumerable<Linear> All => Head == Embedding ? [Embedding, .. Linears] : [Embedding, .. Linears, Head];
}
