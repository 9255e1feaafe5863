using System.Text.Json;

namespace ManagedGemma.Checkpoints;

/// <summary>Reads a config.json's root object into a <see cref="GemmaConfig"/>.</summary>
internal static class GemmaConfigParser
{
    public static GemmaConfig Parse(JsonElement root, string path)
    {
        ConfigReader outer = new(root, path);
        ConfigReader? text = outer.Object("text_config");
        ConfigReader config = text is { } inner ? inner.Before(outer) : outer;
        string? outerType = ModelType(outer);
        if (text is { } nested)
        {
            ModelType(nested);
        }

        RefuseWhatIsNotGemma3(config);

        int layers = config.Size("num_hidden_layers", null, ConfigLimits.Layers);
        int heads = config.Size("num_attention_heads", 8, ConfigLimits.Heads);
        int keyValueHeads = config.Size("num_key_value_heads", 4, ConfigLimits.Heads);
        int headDim = config.Size("head_dim", 256, ConfigLimits.HeadWidth);
        ConfigLimits.CheckHeads(
            heads,
            keyValueHeads,
            headDim,
            path,
            (config.Location + "num_attention_heads", config.Location + "num_key_value_heads", config.Location + "head_dim"));
        RopeSettings rope = RopeSettings.Read(config);
        return new GemmaConfig
        {
            ModelType = outerType ?? (text is null ? "gemma3_text" : "gemma3"),
            HiddenSize = config.Size("hidden_size", null, ConfigLimits.LayerWidth),
            LayerCount = layers,
            IntermediateSize = config.Size("intermediate_size", null, ConfigLimits.LayerWidth),
            HeadCount = heads,
            KeyValueHeadCount = keyValueHeads,
            HeadDim = headDim,
            RmsNormEps = config.Positive("rms_norm_eps", 1e-6),
            SlidingWindow = config.Size("sliding_window", 4096, int.MaxValue),
            QueryPreAttnScalar = config.Positive("query_pre_attn_scalar", 256),
            FullAttention = FullAttention(config, layers),
            RopeThetaFull = rope.ThetaFull,
            RopeThetaSliding = rope.ThetaSliding,
            RopeFactorFull = rope.FactorFull,
            RopeFactorSliding = rope.FactorSliding,
            MaxPositionEmbeddings = config.TryGet("max_position_embeddings", out _)
                ? config.Size("max_position_embeddings", null, int.MaxValue)
                : null,
            BosTokenId = TokenId(outer, config, "bos_token_id", 2),
            EosTokenIds = EosTokenIds(outer, config),
            PadTokenId = TokenId(outer, config, "pad_token_id", 0),
            Quantization = QuantizationConfigParser.Read(outer) ?? (text is { } own ? QuantizationConfigParser.Read(own) : null),
        };
    }

    private static string? ModelType(ConfigReader config)
    {
        string? type = config.Text("model_type");
        return type is null or "gemma3" or "gemma3_text"
            ? type
            : throw config.Bad("model_type", $"model type {Untrusted.Show(type)} is not Gemma 3", "gemma3 or gemma3_text", Untrusted.Show(type));
    }

    /// <summary>Relatives share the model type and differ in what the decoder computes; running them would give wrong numbers without a word.</summary>
    private static void RefuseWhatIsNotGemma3(ConfigReader config)
    {
        foreach (string key in (string[])["attn_logit_softcapping", "final_logit_softcapping"])
        {
            if (config.TryGet(key, out JsonElement cap))
            {
                throw config.Bad(key, "softcapping is not supported", "null", ConfigReader.Raw(cap));
            }
        }

        foreach (string key in (string[])["use_bidirectional_attention", "attention_bias"])
        {
            if (config.TryGet(key, out JsonElement flag) && flag.ValueKind != JsonValueKind.False)
            {
                throw config.Bad(key, "is not supported", "false", ConfigReader.Raw(flag));
            }
        }

        if (config.Text("hidden_activation") is { } activation and not "gelu_pytorch_tanh")
        {
            throw config.Bad("hidden_activation", "is not supported", "gelu_pytorch_tanh", Untrusted.Show(activation));
        }
    }

    private static bool[] FullAttention(ConfigReader config, int layers)
    {
        bool[] full = new bool[layers];
        if (!config.TryGet("layer_types", out JsonElement types))
        {
            string key = config.TryGet("sliding_window_pattern", out _) ? "sliding_window_pattern" : "_sliding_window_pattern";
            int pattern = config.Size(key, 6, int.MaxValue);
            for (int i = 0; i < layers; i++)
            {
                full[i] = (i + 1) % pattern == 0;
            }

            return full;
        }

        if (types.ValueKind != JsonValueKind.Array || types.GetArrayLength() != layers)
        {
            string found = types.ValueKind == JsonValueKind.Array ? $"{types.GetArrayLength()}" : ConfigReader.Raw(types);
            throw config.Bad("layer_types", "does not match num_hidden_layers", $"a list of {layers}", found);
        }

        int layer = 0;
        foreach (JsonElement type in types.EnumerateArray())
        {
            string name = config.Text("layer_types", type);
            full[layer++] = name switch
            {
                "full_attention" => true,
                "sliding_attention" => false,
                _ => throw config.Bad(
                    "layer_types", "holds an unknown attention", "full_attention or sliding_attention", Untrusted.Show(name)),
            };
        }

        return full;
    }

    /// <summary>Token ids are said by the outer object first: a text_config often repeats the class default for them.</summary>
    private static int TokenId(ConfigReader outer, ConfigReader config, string key, int fallback)
    {
        ConfigReader source = outer.TryGet(key, out JsonElement value) ? outer : config;
        return source.TryGet(key, out value) ? source.TokenId(key, value) : fallback;
    }

    private static int[] EosTokenIds(ConfigReader outer, ConfigReader config)
    {
        const string Key = "eos_token_id";
        const int MostIds = 64;
        ConfigReader source = outer.TryGet(Key, out JsonElement value) ? outer : config;
        if (!source.TryGet(Key, out value))
        {
            return [1];
        }

        if (value.ValueKind != JsonValueKind.Array)
        {
            return [source.TokenId(Key, value)];
        }

        int count = value.GetArrayLength();
        if (count is 0 or > MostIds)
        {
            throw source.Bad(Key, "the list has an impossible length", $"1 to {MostIds} ids", $"{count}");
        }

        int[] ids = new int[count];
        int i = 0;
        foreach (JsonElement id in value.EnumerateArray())
        {
            ids[i++] = source.TokenId(Key, id);
        }

        return ids;
    }
}
