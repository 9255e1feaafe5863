namespace ManagedGemma.Model;

/// <summary>A sequence that grows from pass to pass: keys and values of all its tokens, layer by layer. Not for several threads at once.</summary>
internal sealed class SequenceCache : IDisposable
{
    /// <summary>An empty sequence.</summary>
    public SequenceCache(AttentionShape shape, int layers)
    {
        Layers = new KeyValues[layers];
        for (int i = 0; i < layers; i++)
        {
            Layers[i] = new KeyValues(shape);
        }
    }

    /// <summary>One a layer.</summary>
    public KeyValues[] Layers { get; }

    /// <summary>Tokens that went through.</summary>
    public int Length { get; set; }

    /// <inheritdoc/>
    public void Dispose() => Array.ForEach(Layers, layer => layer.Dispose());
}
