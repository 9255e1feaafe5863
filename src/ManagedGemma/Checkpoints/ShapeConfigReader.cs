namespace ManagedGemma.Checkpoints;

/// <summary>
/// A decoder's sizes from the shapes of its tensors, for files that travel without a config.json (ComfyUI's). What shapes do not
/// tell comes from the published model of the same shapes, else from Hugging Face's defaults.
/// </summary>
internal static class ShapeConfigReader
{
    // Instruction models also stop at the end of a turn.
    private static readonly int[] EosTokenIds = [1, 106];

    /// <summary>Reads and validates, in the ranges that <see cref="GemmaConfig"/> promises.</summary>
    /// <param name="tensors">The file's tensors; an embedding is among them.</param>
    /// <param name="path">The file, for messages.</param>
    /// <param name="preset">The published model; null when none has these shapes.</param>
    /// <exception cref="GemmaException">A tensor is missing or has an impossible shape.</exception>
    public static GemmaConfig Read(Dictionary<string, TensorView> tensors, string path, out GemmaPreset? preset)
    {
        string prefix = SafetensorsWeights.PrefixIn(tensors)
            ?? throw new GemmaException("no config.json, and no tensor of a Gemma 3 decoder to take the sizes from", path);
        int Rows(string module, int dimensions, int most)
        {
            string name = $"{prefix}{module}.weight";
            if (!tensors.TryGetValue(name, out TensorView? tensor))
            {
                throw new GemmaException("missing tensor (without a config.json the sizes come from the tensors)", path, Untrusted.Show(name));
            }

            return tensor.Shape.Count == dimensions && tensor.Shape[0] >= 1 && tensor.Shape[0] <= most
                ? (int)tensor.Shape[0]
                : throw new GemmaException(
                    "has a shape that no Gemma 3 has",
                    path,
                    Untrusted.Show(name),
                    $"{dimensions} dimensions, 1 to {most} rows",
                    Untrusted.Show(tensor.Shape));
        }

        int HeadsOf(string module, int headDim)
        {
            int rows = Rows(module, 2, ConfigLimits.LayerWidth);
            return rows % headDim == 0
                ? rows / headDim
                : throw new GemmaException("the rows are not whole heads", path, $"{prefix}{module}.weight", $"a multiple of {headDim}", $"{rows}");
        }

        const string Attention = "layers.0.self_attn.";
        int layers = LayerCount(tensors, prefix, path);
        int headDim = Rows(Attention + "q_norm", 1, ConfigLimits.HeadWidth);
        GemmaConfig config = new()
        {
            HiddenSize = Rows(DecoderModules.FinalNorm, 1, ConfigLimits.LayerWidth),
            LayerCount = layers,
            IntermediateSize = Rows("layers.0.mlp.gate_proj", 2, ConfigLimits.LayerWidth),
            HeadCount = HeadsOf(Attention + "q_proj", headDim),
            KeyValueHeadCount = HeadsOf(Attention + "k_proj", headDim),
            HeadDim = headDim,
            FullAttention = [.. Enumerable.Range(1, layers).Select(x => x % 6 == 0)],
            EosTokenIds = EosTokenIds,
        };
        ConfigLimits.CheckHeads(
            config.HeadCount,
            config.KeyValueHeadCount,
            headDim,
            path,
            (Attention + "q_proj's heads", Attention + "k_proj", Attention + "q_norm"));
        preset = GemmaPreset.Of(config);
        return preset is null ? config : Complete(config, preset);
    }

    private static GemmaConfig Complete(GemmaConfig config, GemmaPreset preset) => new()
    {
        HiddenSize = config.HiddenSize,
        LayerCount = config.LayerCount,
        IntermediateSize = config.IntermediateSize,
        HeadCount = config.HeadCount,
        KeyValueHeadCount = config.KeyValueHeadCount,
        HeadDim = config.HeadDim,
        FullAttention = config.FullAttention,
        EosTokenIds = config.EosTokenIds,
        SlidingWindow = preset.SlidingWindow,
        QueryPreAttnScalar = preset.QueryPreAttnScalar,
        RopeFactorFull = preset.RopeFactorFull,
        MaxPositionEmbeddings = preset.MaxPositionEmbeddings,
    };

    /// <summary>One more than the highest block; that none is missing is found when the blocks are read.</summary>
    private static int LayerCount(Dictionary<string, TensorView> tensors, string prefix, string path)
    {
        int last = -1;
        foreach (string name in tensors.Keys)
        {
            if (name.StartsWith(prefix, StringComparison.Ordinal) && DecoderModules.BlockOf(name[prefix.Length..], out _) is { } block)
            {
                last = Math.Max(last, block);
            }
        }

        return last is >= 0 and < ConfigLimits.Layers
            ? last + 1
            : throw new GemmaException("the number of blocks is none that a Gemma 3 has", path, prefix + "layers", $"0 to {ConfigLimits.Layers - 1}", $"{last}");
    }
}
