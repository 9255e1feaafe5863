namespace ManagedGemma.Model;

/// <summary>A sequence that grows from pass to pass: keys and values of all its tokens, layer by layer. Not for several threads at once.</summary>
internal sealed class SequenceCache : IDisposable
{
    /// <summary>An empty sequence.</summary>
    /// <param name="shape">Heads.</param>
    /// <param name="windows">For each layer, keys that a query sees at most.</param>
    public SequenceCache(AttentionShape shape, IEnumerable<int> windows)
        : this(shape, [.. windows.Select(window => new KeyValues(shape, window))], 0)
    {
    }

    private SequenceCache(AttentionShape shape, KeyValues[] layers, int length)
    {
        Shape = shape;
        Layers = layers;
        Length = length;
    }

    /// <summary>Heads.</summary>
    public AttentionShape Shape { get; }

    /// <summary>One a layer.</summary>
    public KeyValues[] Layers { get; }

    /// <summary>
    /// Tokens that went through. May be set back as far as <see cref="CanContinueAt"/> allows: what follows is written over.
    /// </summary>
    public int Length { get; set; }

    /// <summary>Bytes of all pages, those that other sequences share included.</summary>
    public long ByteLength => Layers.Sum(layer => layer.ByteLength);

    /// <summary>Whether every layer still has what the token at a position sees.</summary>
    public bool CanContinueAt(int position) => position <= Length && Array.TrueForAll(Layers, layer => layer.CanContinueAt(position));

    /// <summary>A sequence that begins with this one's first tokens, which <see cref="CanContinueAt"/> must allow; pages are shared until one writes.</summary>
    public SequenceCache Fork(int length) => new(Shape, [.. Layers.Select(layer => layer.Fork(length))], length);

    /// <inheritdoc/>
    public void Dispose() => Array.ForEach(Layers, layer => layer.Dispose());
}
