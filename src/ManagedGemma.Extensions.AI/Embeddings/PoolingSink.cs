using System.Numerics.Tensors;
using ManagedGemma.Model;

namespace ManagedGemma.Extensions.AI.Embeddings;

/// <summary>Pools the final-normed states of a text while they lie in the decoder's memory.</summary>
internal sealed class PoolingSink(EmbeddingSettings settings) : IHiddenStateSink
{
    private HiddenStateShape _shape;

    /// <summary>The vector: [hidden size].</summary>
    public float[] Vector { get; private set; } = [];

    /// <inheritdoc/>
    public void Begin(HiddenStateShape shape)
    {
        _shape = shape;
        Vector = new float[shape.HiddenSize];
    }

    /// <inheritdoc/>
    public void Accept(in HiddenState state)
    {
        if (state.Stage != HiddenStateStage.FinalNorm)
        {
            return;
        }

        int size = _shape.HiddenSize;
        if (settings.Pooling == EmbeddingPooling.LastToken)
        {
            state.Values[^size..].CopyTo(Vector);
        }
        else
        {
            for (int token = 0; token < _shape.Tokens; token++)
            {
                TensorPrimitives.Add(Vector, state.Values.Slice(token * size, size), Vector);
            }

            TensorPrimitives.Divide(Vector, _shape.Tokens, Vector);
        }

        // A state of zeros has no direction: it stays.
        if (settings.Normalize && TensorPrimitives.Norm<float>(Vector) is > 0 and float norm)
        {
            TensorPrimitives.Divide(Vector, norm, Vector);
        }
    }
}
