namespace ManagedGemma.Checkpoints;

/// <summary>The names of the decoder's modules, as Hugging Face's code has them.</summary>
internal static class DecoderModules
{
    /// <summary>Token embeddings.</summary>
    public const string Embedding = "embed_tokens";

    /// <summary>The norm after the last block.</summary>
    public const string FinalNorm = "norm";

    /// <summary>A head that is not tied to the embedding.</summary>
    public const string Head = "lm_head";

    /// <summary>The modules of a block, after <c>layers.3.</c>.</summary>
    public static IReadOnlyList<string> OfBlock { get; } =
    [
        "input_layernorm", "self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.q_norm", "self_attn.k_norm",
        "self_attn.o_proj", "post_attention_layernorm", "pre_feedforward_layernorm", "mlp.gate_proj", "mlp.up_proj", "mlp.down_proj",
        "post_feedforward_layernorm",
    ];

    /// <summary>Whether the decoder has a module of this name (the head apart).</summary>
    public static bool Contains(string module) =>
        module is Embedding or FinalNorm || (BlockOf(module, out string rest) is not null && OfBlock.Contains(rest));

    /// <summary>The number in <c>layers.3.mlp.gate_proj</c> and what follows it; null when there is none.</summary>
    public static int? BlockOf(string module, out string rest)
    {
        const string Start = "layers.";
        rest = string.Empty;
        int dot = module.StartsWith(Start, StringComparison.Ordinal) ? module.IndexOf('.', Start.Length) : -1;
        if (dot < 0
            || !int.TryParse(
                module.AsSpan(Start.Length, dot - Start.Length),
                System.Globalization.NumberStyles.None,
                System.Globalization.CultureInfo.InvariantCulture,
                out int block))
        {
            return null;
        }

        rest = module[(dot + 1)..];
        return block;
    }
}
