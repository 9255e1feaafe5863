namespace ManagedGemma.Checkpoints.Gguf;

/// <summary>A decoder's sizes from GGUF metadata: the keys that llama.cpp's converter writes for its architecture gemma3.</summary>
internal static class GgufConfigReader
{
    private const string Prefix = "gemma3.";
    private const string HeadsKey = Prefix + "attention.head_count";
    private const string KeyValueHeadsKey = Prefix + "attention.head_count_kv";
    private const string KeyLengthKey = Prefix + "attention.key_length";
    private const string ValueLengthKey = Prefix + "attention.value_length";
    private const string PatternKey = Prefix + "attention.sliding_window_pattern";
    private const string ScalingTypeKey = Prefix + "rope.scaling.type";
    private const string ScalingFactorKey = Prefix + "rope.scaling.factor";

    // The 27b, whose scores are scaled by hidden / heads instead of the head's width; no key says so.
    private const int LayersOf27B = 62;

    /// <summary>Reads and validates, in the ranges that <see cref="GemmaConfig"/> promises.</summary>
    /// <exception cref="GemmaException">A key is missing or out of range; it is named.</exception>
    public static GemmaConfig Read(GgufMetadata metadata)
    {
        foreach (string key in (ReadOnlySpan<string>)[Prefix + "attn_logit_softcapping", Prefix + "final_logit_softcapping"])
        {
            if (metadata.Has(key))
            {
                throw metadata.Bad(key, "softcapping is not supported", "no such key");
            }
        }

        int layers = metadata.Size(Prefix + "block_count", null, ConfigLimits.Layers);
        int hidden = metadata.Size(Prefix + "embedding_length", null, ConfigLimits.LayerWidth);
        int heads = metadata.Size(HeadsKey, null, ConfigLimits.Heads);
        int keyValueHeads = metadata.Size(KeyValueHeadsKey, heads, ConfigLimits.Heads);
        int headDim = metadata.Size(KeyLengthKey, null, ConfigLimits.HeadWidth);
        ConfigLimits.CheckHeads(heads, keyValueHeads, headDim, metadata.Path, (HeadsKey, KeyValueHeadsKey, KeyLengthKey));
        if (metadata.Size(ValueLengthKey, headDim, int.MaxValue) is var valueLength && valueLength != headDim)
        {
            throw metadata.Bad(ValueLengthKey, $"differs from {KeyLengthKey}", $"{headDim}", $"{valueLength}");
        }

        return new GemmaConfig
        {
            HiddenSize = hidden,
            LayerCount = layers,
            IntermediateSize = metadata.Size(Prefix + "feed_forward_length", null, ConfigLimits.LayerWidth),
            HeadCount = heads,
            KeyValueHeadCount = keyValueHeads,
            HeadDim = headDim,
            RmsNormEps = metadata.Positive(Prefix + "attention.layer_norm_rms_epsilon", null),
            SlidingWindow = metadata.Size(Prefix + "attention.sliding_window", null, int.MaxValue),
            QueryPreAttnScalar = layers == LayersOf27B ? (double)hidden / heads : headDim,
            FullAttention = FullAttention(metadata, layers),
            RopeThetaFull = metadata.Positive(Prefix + "rope.freq_base", 1e6),
            RopeThetaSliding = metadata.Positive(Prefix + "rope.freq_base_swa", 1e4),
            RopeFactorFull = Factor(metadata),
            MaxPositionEmbeddings = metadata.Has(Prefix + "context_length") ? metadata.Size(Prefix + "context_length", null, int.MaxValue) : null,
            BosTokenId = metadata.Count("tokenizer.ggml.bos_token_id") ?? 2,
            EosTokenIds = EosTokenIds(metadata),
            PadTokenId = metadata.Count("tokenizer.ggml.padding_token_id") ?? 0,
        };
    }

    private static bool[] FullAttention(GgufMetadata metadata, int layers)
    {
        if (metadata.Flags(PatternKey) is { } sliding)
        {
            return sliding.Length == layers
                ? Array.ConvertAll(sliding, x => !x)
                : throw metadata.Bad(PatternKey, "does not match block_count", $"{layers} truth values", $"{sliding.Length}");
        }

        int pattern = metadata.Size(PatternKey, 6, int.MaxValue);
        bool[] full = new bool[layers];
        for (int i = 0; i < layers; i++)
        {
            full[i] = (i + 1) % pattern == 0;
        }

        return full;
    }

    /// <summary>As llama.cpp: a factor without a type is linear.</summary>
    private static double Factor(GgufMetadata metadata)
    {
        string type = metadata.Text(ScalingTypeKey) ?? (metadata.Has(ScalingFactorKey) ? "linear" : "none");
        return type switch
        {
            "none" => 1,
            "linear" => metadata.Positive(ScalingFactorKey, null),
            _ => throw metadata.Bad(ScalingTypeKey, $"rope type {Untrusted.Show(type)} is not supported", "none or linear", Untrusted.Show(type)),
        };
    }

    /// <summary>Converters write one id or the other; the end of a turn ends a generation too.</summary>
    private static int[] EosTokenIds(GgufMetadata metadata)
    {
        int?[] ids =
        [
            metadata.Count("tokenizer.ggml.eos_token_id"),
            metadata.Count("tokenizer.ggml.eot_token_id"),
            GgufVocabulary.Find(metadata, "<eos>"u8),
            GgufVocabulary.Find(metadata, "<end_of_turn>"u8),
        ];
        int[] found = [.. ids.OfType<int>().Distinct().Order()];
        return found.Length > 0 ? found : [1];
    }
}
