using System.Buffers;
using System.Text.Json;
using ManagedGemma.Checkpoints;

namespace ManagedGemma.Conversion;

/// <summary>A config.json for a checkpoint that has none: the decoder's sizes under Hugging Face's names for gemma3_text.</summary>
internal static class TextConfig
{
    /// <summary>Writes it.</summary>
    /// <param name="config">The sizes.</param>
    /// <param name="vocabularySize">Rows of the embedding.</param>
    /// <param name="source">The checkpoint, for messages.</param>
    /// <exception cref="GemmaException">Sliding layers with scaled positions, for which mlx-lm reads no key.</exception>
    public static byte[] Write(GemmaConfig config, long vocabularySize, string source)
    {
        if (config.RopeFactorSliding != 1)
        {
            throw new GemmaException(
                "sliding layers with scaled positions cannot be said in config.json", source, expected: "factor 1", found: $"{config.RopeFactorSliding}");
        }

        ArrayBufferWriter<byte> buffer = new();
        using (Utf8JsonWriter json = new(buffer))
        {
            json.WriteStartObject();
            WriteTexts(json, "architectures", ["Gemma3ForCausalLM"]);
            json.WriteString("model_type"u8, "gemma3_text"u8);
            json.WriteNumber("vocab_size"u8, vocabularySize);
            json.WriteNumber("hidden_size"u8, config.HiddenSize);
            json.WriteNumber("intermediate_size"u8, config.IntermediateSize);
            json.WriteNumber("num_hidden_layers"u8, config.LayerCount);
            json.WriteNumber("num_attention_heads"u8, config.HeadCount);
            json.WriteNumber("num_key_value_heads"u8, config.KeyValueHeadCount);
            json.WriteNumber("head_dim"u8, config.HeadDim);
            json.WriteNumber("query_pre_attn_scalar"u8, config.QueryPreAttnScalar);
            json.WriteNumber("rms_norm_eps"u8, config.RmsNormEps);
            WriteAttention(json, config);
            WriteTokens(json, config);
            json.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    private static void WriteAttention(Utf8JsonWriter json, GemmaConfig config)
    {
        json.WriteNumber("sliding_window"u8, config.SlidingWindow);
        WriteTexts(json, "layer_types", config.FullAttention.Select(isFull => isFull ? "full_attention" : "sliding_attention"));
        if (Pattern(config.FullAttention) is { } pattern)
        {
            json.WriteNumber("sliding_window_pattern"u8, pattern);
        }

        json.WriteNumber("rope_theta"u8, config.RopeThetaFull);
        json.WriteNumber("rope_local_base_freq"u8, config.RopeThetaSliding);
        if (config.RopeFactorFull != 1)
        {
            json.WriteStartObject("rope_scaling"u8);
            json.WriteNumber("factor"u8, config.RopeFactorFull);
            json.WriteString("rope_type"u8, "linear"u8);
            json.WriteEndObject();
        }

        if (config.MaxPositionEmbeddings is { } positions)
        {
            json.WriteNumber("max_position_embeddings"u8, positions);
        }
    }

    private static void WriteTokens(Utf8JsonWriter json, GemmaConfig config)
    {
        json.WriteNumber("bos_token_id"u8, config.BosTokenId);
        json.WriteNumber("pad_token_id"u8, config.PadTokenId);
        json.WriteStartArray("eos_token_id"u8);
        foreach (int id in config.EosTokenIds)
        {
            json.WriteNumberValue(id);
        }

        json.WriteEndArray();
    }

    private static void WriteTexts(Utf8JsonWriter json, string key, IEnumerable<string> values)
    {
        json.WriteStartArray(key);
        foreach (string value in values)
        {
            json.WriteStringValue(value);
        }

        json.WriteEndArray();
    }

    /// <summary>n, where every n-th layer and no other sees everything; null where that is not so.</summary>
    private static int? Pattern(IReadOnlyList<bool> isFull)
    {
        int pattern = isFull.TakeWhile(x => !x).Count() + 1;
        return isFull.Select((x, i) => x == ((i + 1) % pattern == 0)).All(x => x) ? pattern : null;
    }
}
