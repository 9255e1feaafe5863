namespace ManagedGemma.Checkpoints;

/// <summary>
/// The largest sizes that a config may have, whatever file it comes from: far above any Gemma, and low enough that every product of
/// two sizes and a vocabulary fits in 63 bits.
/// </summary>
internal static class ConfigLimits
{
    public const int Layers = 1024;
    public const int Heads = 4096;
    public const int HeadWidth = 1 << 16;
    public const int LayerWidth = 1 << 20;

    /// <summary>What must hold between heads, key heads and their width.</summary>
    /// <param name="heads">Query heads.</param>
    /// <param name="keyValueHeads">Key and value heads.</param>
    /// <param name="headDim">Their width.</param>
    /// <param name="path">The file, for messages.</param>
    /// <param name="names">What the file calls the three.</param>
    public static void CheckHeads(int heads, int keyValueHeads, int headDim, string path, (string Heads, string KeyValueHeads, string HeadDim) names)
    {
        if (heads % keyValueHeads != 0)
        {
            throw new GemmaException($"does not divide {names.Heads}", path, names.KeyValueHeads, $"a divisor of {heads}", $"{keyValueHeads}");
        }

        if (headDim % 2 != 0)
        {
            throw new GemmaException("must be even", path, names.HeadDim, "an even number", $"{headDim}");
        }

        if ((long)heads * headDim > LayerWidth)
        {
            throw new GemmaException("is too large", path, names.HeadDim, $"at most {LayerWidth} in all heads", $"{heads} heads of {headDim}");
        }
    }
}
