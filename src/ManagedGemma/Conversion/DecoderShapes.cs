using ManagedGemma.Checkpoints;

namespace ManagedGemma.Conversion;

/// <summary>The decoder's modules and their sizes, in the order in which they compute.</summary>
internal static class DecoderShapes
{
    /// <summary>All but the language head.</summary>
    /// <returns>Paths after the checkpoint's prefix; rows −1: the vocabulary; null: a norm of so many columns.</returns>
    public static IEnumerable<(string Path, long? Rows, int Columns)> Of(GemmaConfig config)
    {
        int hidden = config.HiddenSize, inner = config.IntermediateSize;
        int queries = config.HeadCount * config.HeadDim, keys = config.KeyValueHeadCount * config.HeadDim;
        yield return ("embed_tokens", -1, hidden);
        for (int i = 0; i < config.LayerCount; i++)
        {
            string layer = $"layers.{i}.";
            yield return (layer + "input_layernorm", null, hidden);
            yield return (layer + "self_attn.q_proj", queries, hidden);
            yield return (layer + "self_attn.k_proj", keys, hidden);
            yield return (layer + "self_attn.v_proj", keys, hidden);
            yield return (layer + "self_attn.q_norm", null, config.HeadDim);
            yield return (layer + "self_attn.k_norm", null, config.HeadDim);
            yield return (layer + "self_attn.o_proj", hidden, queries);
            yield return (layer + "post_attention_layernorm", null, hidden);
            yield return (layer + "pre_feedforward_layernorm", null, hidden);
            yield return (layer + "mlp.gate_proj", inner, hidden);
            yield return (layer + "mlp.up_proj", inner, hidden);
            yield return (layer + "mlp.down_proj", hidden, inner);
            yield return (layer + "post_feedforward_layernorm", null, hidden);
        }

        yield return ("norm", null, hidden);
    }
}
