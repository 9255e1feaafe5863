namespace ManagedGemma.Checkpoints.Gguf;

/// <summary>llama.cpp's tensor names for the decoder's modules (its architecture gemma3).</summary>
internal static class GgufNames
{
    private const string Suffix = ".weight";
    private const string Block = "blk.";

    private static readonly Dictionary<string, string> OfBlock = new(StringComparer.Ordinal)
    {
        ["input_layernorm"] = "attn_norm",
        ["self_attn.q_proj"] = "attn_q",
        ["self_attn.k_proj"] = "attn_k",
        ["self_attn.v_proj"] = "attn_v",
        ["self_attn.q_norm"] = "attn_q_norm",
        ["self_attn.k_norm"] = "attn_k_norm",
        ["self_attn.o_proj"] = "attn_output",
        ["post_attention_layernorm"] = "post_attention_norm",
        ["pre_feedforward_layernorm"] = "ffn_norm",
        ["mlp.gate_proj"] = "ffn_gate",
        ["mlp.up_proj"] = "ffn_up",
        ["mlp.down_proj"] = "ffn_down",
        ["post_feedforward_layernorm"] = "post_ffw_norm",
    };

    private static readonly Dictionary<string, string> ToBlock = OfBlock.ToDictionary(x => x.Value, x => x.Key, StringComparer.Ordinal);

    /// <summary>A module's tensor.</summary>
    public static string Of(string module) => module switch
    {
        DecoderModules.Embedding => "token_embd" + Suffix,
        DecoderModules.FinalNorm => "output_norm" + Suffix,
        DecoderModules.Head => "output" + Suffix,
        _ => DecoderModules.BlockOf(module, out string rest) is { } block && OfBlock.TryGetValue(rest, out string? name)
            ? $"{Block}{block}.{name}{Suffix}"
            : module + Suffix,
    };

    /// <summary>A tensor's module; null when the decoder has none for it.</summary>
    public static string? ModuleOf(string tensor)
    {
        foreach (string module in (ReadOnlySpan<string>)[DecoderModules.Embedding, DecoderModules.FinalNorm, DecoderModules.Head])
        {
            if (tensor == Of(module))
            {
                return module;
            }
        }

        if (!tensor.StartsWith(Block, StringComparison.Ordinal) || !tensor.EndsWith(Suffix, StringComparison.Ordinal))
        {
            return null;
        }

        return DecoderModules.BlockOf("layers." + tensor[Block.Length..^Suffix.Length], out string rest) is { } block
            && ToBlock.TryGetValue(rest, out string? name)
            ? $"layers.{block}.{name}"
            : null;
    }
}
