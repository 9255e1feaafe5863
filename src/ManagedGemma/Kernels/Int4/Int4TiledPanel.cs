namespace ManagedGemma.Kernels.Int4;

/// <summary>
/// What all vector panel kernels share: chunk after chunk is transposed and the tokens pass over it, tile by tile, while the next
/// chunk is fetched. A kernel is a loader and a tile.
/// </summary>
/// <param name="panelRows">Rows side by side in a panel.</param>
/// <param name="tileTokens">Tokens of a tile; divides <see cref="QuantizedActivations.TokenMultiple"/>.</param>
internal abstract unsafe class Int4TiledPanel(int panelRows, int tileTokens) : IInt4Panel
{
    public int PanelRows => panelRows;

    public nuint ScratchBytes(int groups, int tokens) => Int4PanelScratch.Bytes(groups, QuantizedActivations.Padded(tokens), panelRows);

    public void Multiply(in Int4Rows rows, QuantizedActivations x, TokenRange tokens, byte* scratch, float* y, nint yStride)
    {
        Int4PanelScratch panel = new(scratch, rows, QuantizedActivations.Padded(tokens.Count), panelRows);
        foreach (PanelChunk chunk in new PanelChunks(rows, tokens.Count, panelRows))
        {
            Load(rows.Panel(chunk.Panel, panelRows), chunk.FirstGroup, chunk.Groups, panel);
            PanelPrefetch ahead = new(rows, chunk, panelRows, (tokens.Count + tileTokens - 1) / tileTokens);
            for (int token = 0; token < tokens.Count; token += tileTokens)
            {
                Tile(panel, panel.Sums(chunk.Panel, token), x, tokens.First + token, chunk.FirstGroup, chunk.Groups, ref ahead);
            }
        }

        panel.CopySums(x, tokens, y, yStride, rows.Count);
    }

    /// <summary>Transposes some groups of a panel's rows into scratch.</summary>
    protected abstract void Load(in Int4Rows rows, int first, int groups, in Int4PanelScratch panel);

    /// <summary>Adds the products of a chunk with one tile of tokens to their sums.</summary>
    /// <param name="panel">The transposed chunk.</param>
    /// <param name="sums">[tile tokens][panel rows].</param>
    /// <param name="x">All activations.</param>
    /// <param name="token">The tile's first token.</param>
    /// <param name="firstGroup">The chunk's first group.</param>
    /// <param name="groups">How many groups.</param>
    /// <param name="ahead">What to fetch meanwhile.</param>
    protected abstract void Tile(
        in Int4PanelScratch panel, float* sums, QuantizedActivations x, int token, int firstGroup, int groups, ref PanelPrefetch ahead);
}
