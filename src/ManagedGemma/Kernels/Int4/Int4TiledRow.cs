namespace ManagedGemma.Kernels.Int4;

/// <summary>
/// What the row kernels of wide vectors share: four tokens take the weights' nibbles from the same registers, tokens beyond a multiple
/// of four pass one by one. Where a tile is one of several, rows go in parts that stay in the first-level cache. A token's sums are the
/// same chains in both.
/// </summary>
internal abstract unsafe class Int4TiledRow : IInt4Row
{
    /// <summary>Tokens of a tile.</summary>
    protected const int TileTokens = 4;

    // Half of the smallest first-level cache.
    private const int PartBytes = 16 << 10;

    public void Multiply(in Int4Rows rows, QuantizedActivations x, float* y, nint yStride)
    {
        int atOnce = x.Tokens is 1 or TileTokens ? rows.Count : Math.Max(2, PartBytes / (rows.Groups * Int4Rows.GroupWords * sizeof(uint)));
        for (int first = 0; first < rows.Count; first += atOnce)
        {
            Int4Rows part = rows.Slice(first, Math.Min(atOnce, rows.Count - first));
            int token = 0;
            for (; token + TileTokens <= x.Tokens; token += TileTokens)
            {
                MultiplyTile(part, x, token, y + (token * yStride) + first, yStride);
            }

            for (; token < x.Tokens; token++)
            {
                MultiplyToken(part, x, token, y + (token * yStride) + first);
            }
        }
    }

    /// <summary>All rows with one token; y[row].</summary>
    protected abstract void MultiplyToken(in Int4Rows rows, QuantizedActivations x, int token, float* y);

    /// <summary>All rows with four tokens; y[token, row].</summary>
    protected abstract void MultiplyTile(in Int4Rows rows, QuantizedActivations x, int token, float* y, nint yStride);
}
