using ManagedGemma.Memory;

namespace ManagedGemma.Model;

/// <summary>
/// Keys of one layer, transposed for the float product: for each key head, panels of 32 tokens, each [head_dim][32]. Columns
/// past the last token hold anything.
/// </summary>
internal sealed unsafe class KeyPanels(AttentionShape shape, int tokens) : IDisposable
{
    /// <summary>Tokens of a panel.</summary>
    public const int Tokens = 32;

    private readonly int _panels = (tokens + Tokens - 1) / Tokens;
    private readonly NativeBuffer _memory = Zeroed(shape, (tokens + Tokens - 1) / Tokens);

    /// <summary>Panels of each head.</summary>
    public int Panels => _panels;

    /// <summary>A panel, [head_dim][32].</summary>
    public float* Panel(int keyHead, int panel) =>
        _memory.Floats + ((((nint)keyHead * _panels) + panel) * shape.HeadDim * Tokens);

    /// <inheritdoc/>
    public void Dispose() => _memory.Dispose();

    // Zeros, not garbage: products with columns that are not there must not be slow (subnormals) or trap a reader of dumps.
    private static NativeBuffer Zeroed(AttentionShape shape, int panels)
    {
        NativeBuffer memory = NativeBuffer.OfFloats((long)panels * Tokens * shape.KeySize);
        memory.Clear();
        return memory;
    }
}
