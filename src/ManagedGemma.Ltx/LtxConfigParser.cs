using System.Text.Json;
using ManagedGemma.Checkpoints;
using ManagedGemma.Conditioning;

namespace ManagedGemma.Ltx;

/// <summary>
/// Reads a checkpoint's metadata as Lightricks' LTX-2 does (<c>encoder_configurator.py</c>, <c>embeddings_connector.py</c>): the same keys,
/// defaults and refusals.
/// </summary>
internal static class LtxConfigParser
{
    private const string ConfigKey = "config";
    private const string GemmaSourceKey = "gemma_source_checkpoint";
    private const string VersionKey = "model_version";
    private const int MostHeads = 4096;
    private const int MostHeadDim = 4096;
    private const int MostWidth = 1 << 16;
    private const int MostLayers = 1024;
    private const int MostPosition = 1 << 24;

    // The checkpoints from here on were trained with a Gemma 4.
    private static readonly Version FirstOfGemma4 = new(2, 4);

    // All four as here: V2. None: V1.
    private static readonly (string Key, bool Value)[] VersionTwo =
    [
        ("caption_proj_before_connector", true),
        ("caption_projection_first_linear", false),
        ("caption_proj_input_norm", false),
        ("caption_projection_second_linear", false),
    ];

    /// <summary>Reads.</summary>
    /// <param name="metadata">The header's free text.</param>
    /// <param name="path">The file, for messages.</param>
    /// <exception cref="GemmaException">A key is missing, wrong, or contradicts another one.</exception>
    public static LtxConfig Parse(IReadOnlyDictionary<string, string> metadata, string path)
    {
        RequireGemma3(metadata, path);
        if (!metadata.TryGetValue(ConfigKey, out string? text))
        {
            throw new GemmaException(
                "the file does not say how its text connector is built (not an LTX checkpoint, or converted without its metadata)",
                path,
                $"__metadata__.{ConfigKey}",
                "a JSON object");
        }

        try
        {
            using JsonDocument document = JsonDocument.Parse(text);
            ConfigReader root = new(document.RootElement, path, "config.");
            ConfigReader transformer = root.Object("transformer") ?? throw root.Bad("transformer", "the key is missing");
            return Read(transformer, metadata.GetValueOrDefault(VersionKey));
        }
        catch (JsonException exception)
        {
            throw new GemmaException(
                "the metadata is not JSON", path, $"__metadata__.{ConfigKey}", found: exception.Message, innerException: exception);
        }
    }

    private static LtxConfig Read(ConfigReader transformer, string? version)
    {
        FeatureVersion features = Features(transformer);
        RequireSplitRope(transformer);
        LtxConnectorConfig video = Connector(transformer, "connector_", new LtxConnectorConfig(30, 128, 2));
        LtxConnectorConfig audio = Connector(transformer, "audio_connector_", video);
        if (features == FeatureVersion.V2)
        {
            RequireWidth(transformer, "", "connector_", video);
            RequireWidth(transformer, "audio_", "audio_connector_", audio);
        }

        return new LtxConfig
        {
            Features = features,
            Video = video,
            Audio = audio,
            Gated = Flag(transformer, "connector_apply_gated_attention", false),
            FeedForwardBias = Flag(transformer, "connector_ff_bias", true),
            DoubleFrequencies = transformer.Text("frequencies_precision") == "float64",
            MaxPosition = MaxPosition(transformer),
            CaptionChannels = transformer.TryGet("caption_channels", out _) ? transformer.Size("caption_channels", null, MostWidth) : null,
            ModelVersion = version,
        };
    }

    // A key counts as present whatever its value, null included, as in Python.
    private static FeatureVersion Features(ConfigReader transformer)
    {
        string[] missing = [.. VersionTwo.Where(x => !transformer.Own.ContainsKey(x.Key)).Select(x => x.Key)];
        if (missing.Length == VersionTwo.Length)
        {
            return FeatureVersion.V1;
        }

        if (missing.Length > 0)
        {
            throw transformer.Bad(
                string.Join(", ", missing), "the metadata is partial: these keys are missing beside those that it has", "all four or none");
        }

        (string Key, bool Value)[] wrong =
            [.. VersionTwo.Where(x => transformer.Own[x.Key].ValueKind != (x.Value ? JsonValueKind.True : JsonValueKind.False))];
        return wrong.Length == 0
            ? FeatureVersion.V2
            : throw transformer.Bad(
                string.Join(", ", wrong.Select(x => x.Key)),
                "no known kind of text projection",
                string.Join(", ", wrong.Select(x => x.Value ? "true" : "false")),
                string.Join(", ", wrong.Select(x => ConfigReader.Raw(transformer.Own[x.Key]))));
    }

    private static void RequireGemma3(IReadOnlyDictionary<string, string> metadata, string path)
    {
        if (metadata.TryGetValue(GemmaSourceKey, out string? source))
        {
            throw new GemmaException(
                "this LTX checkpoint was trained with another text encoder than Gemma 3", path, GemmaSourceKey, "none", Untrusted.Show(source));
        }

        if (metadata.TryGetValue(VersionKey, out string? text) && Version.TryParse(text, out Version? version) && version >= FirstOfGemma4)
        {
            throw new GemmaException(
                "this LTX checkpoint was trained with another text encoder than Gemma 3",
                path,
                VersionKey,
                $"below {FirstOfGemma4}",
                Untrusted.Show(text));
        }
    }

    private static void RequireSplitRope(ConfigReader transformer)
    {
        if (transformer.Text("rope_type") is { } type && type != "split")
        {
            throw transformer.Bad("rope_type", "no known kind of rotary embedding", "split", Untrusted.Show(type));
        }
    }

    private static LtxConnectorConfig Connector(ConfigReader transformer, string prefix, LtxConnectorConfig fallback)
    {
        LtxConnectorConfig config = new(
            transformer.Size(prefix + "num_attention_heads", fallback.HeadCount, MostHeads),
            transformer.Size(prefix + "attention_head_dim", fallback.HeadDim, MostHeadDim),
            transformer.Size(prefix + "num_layers", fallback.LayerCount, MostLayers));
        if (config.HeadDim % 2 != 0)
        {
            throw transformer.Bad(prefix + "attention_head_dim", "rotary embedding needs pairs", "an even number", $"{config.HeadDim}");
        }

        return config.Width <= MostWidth
            ? config
            : throw transformer.Bad(prefix + "num_attention_heads", "is too large", $"at most {MostWidth} with the head dim", $"{config.Width}");
    }

    // The projection is as wide as the transformer, whose sizes have keys of their own; the connector must take it.
    private static void RequireWidth(ConfigReader transformer, string prefix, string connectorPrefix, LtxConnectorConfig connector)
    {
        string headsKey = prefix + "num_attention_heads", dimKey = prefix + "attention_head_dim";
        int width = transformer.Size(headsKey, null, MostHeads) * transformer.Size(dimKey, null, MostHeadDim);
        if (width != connector.Width)
        {
            throw transformer.Bad(
                $"{headsKey} x {dimKey}", $"contradicts {connectorPrefix}num_attention_heads x {connectorPrefix}attention_head_dim",
                $"{connector.Width}", $"{width}");
        }
    }

    private static float MaxPosition(ConfigReader transformer)
    {
        const string Key = "connector_positional_embedding_max_pos";
        if (!transformer.TryGet(Key, out JsonElement value))
        {
            return 1;
        }

        return value.ValueKind == JsonValueKind.Array && value.GetArrayLength() == 1 && value[0].ValueKind == JsonValueKind.Number
            && value[0].TryGetInt32(out int position) && position is >= 1 and <= MostPosition
            ? position
            : throw transformer.Bad(Key, "is not one number of positions", $"a list of one whole number from 1 to {MostPosition}", ConfigReader.Raw(value));
    }

    private static bool Flag(ConfigReader transformer, string key, bool fallback)
    {
        if (!transformer.TryGet(key, out JsonElement value))
        {
            return fallback;
        }

        return value.ValueKind switch
        {
            JsonValueKind.True => true,
            JsonValueKind.False => false,
            _ => throw transformer.Bad(key, "is not a truth value", "true or false", ConfigReader.Raw(value)),
        };
    }
}
