using ManagedGemma.Checkpoints;

namespace ManagedGemma.Model;

/// <summary>How queries, keys and values lie beside each other in a token's row of the q/k/v product.</summary>
/// <param name="QueryHeads">Query heads.</param>
/// <param name="KeyHeads">Key heads, and value heads.</param>
/// <param name="HeadDim">Elements of a head.</param>
internal readonly record struct AttentionShape(int QueryHeads, int KeyHeads, int HeadDim)
{
    public AttentionShape(GemmaConfig config)
        : this(config.HeadCount, config.KeyValueHeadCount, config.HeadDim)
    {
    }

    /// <summary>Elements of all query heads.</summary>
    public int QuerySize => QueryHeads * HeadDim;

    /// <summary>Elements of all key heads.</summary>
    public int KeySize => KeyHeads * HeadDim;

    /// <summary>Elements of a row: queries, keys, values.</summary>
    public int RowSize => QuerySize + (2 * KeySize);

    /// <summary>The key head that a query head reads: as many neighbours share one as there are more queries than keys.</summary>
    public int KeyHeadOf(int queryHead) => queryHead / (QueryHeads / KeyHeads);
}
