namespace ManagedGemma.Ltx;

/// <summary>The sizes of one connector.</summary>
/// <param name="HeadCount">Attention heads.</param>
/// <param name="HeadDim">Elements of a head; even.</param>
/// <param name="LayerCount">Blocks.</param>
public sealed record LtxConnectorConfig(int HeadCount, int HeadDim, int LayerCount)
{
    /// <summary>Elements of a row: heads · head dim.</summary>
    public int Width => HeadCount * HeadDim;
}
