using ManagedGemma.Checkpoints;
using ManagedGemma.Kernels;

namespace ManagedGemma.Model;

/// <summary>The weights of one block: matrices in place, norms as float32 with Gemma's 1 added.</summary>
internal sealed class DecoderLayer
{
    /// <summary>Finds block <paramref name="index"/>'s tensors.</summary>
    /// <exception cref="GemmaException">One is missing, or its shape or type does not fit the config.</exception>
    public DecoderLayer(GemmaCheckpoint checkpoint, int index, KernelTable kernels)
    {
        GemmaConfig config = checkpoint.Config;
        string path = $"layers.{index}.";
        long queries = (long)config.HeadCount * config.HeadDim, keys = (long)config.KeyValueHeadCount * config.HeadDim;
        IsFull = config.FullAttention[index];
        InputNorm = Norm(checkpoint, path + "input_layernorm", config.HiddenSize);
        Qkv =
        [
            new Linear(checkpoint.Matrix(path + "self_attn.q_proj", queries, config.HiddenSize), kernels),
            new Linear(checkpoint.Matrix(path + "self_attn.k_proj", keys, config.HiddenSize), kernels),
            new Linear(checkpoint.Matrix(path + "self_attn.v_proj", keys, config.HiddenSize), kernels),
        ];
        QueryNorm = Norm(checkpoint, path + "self_attn.q_norm", config.HeadDim);
        KeyNorm = Norm(checkpoint, path + "self_attn.k_norm", config.HeadDim);
        Output = [new Linear(checkpoint.Matrix(path + "self_attn.o_proj", config.HiddenSize, queries), kernels)];
        PostAttentionNorm = Norm(checkpoint, path + "post_attention_layernorm", config.HiddenSize);
        PreFeedforwardNorm = Norm(checkpoint, path + "pre_feedforward_layernorm", config.HiddenSize);
        GateUp =
        [
            new Linear(checkpoint.Matrix(path + "mlp.gate_proj", config.IntermediateSize, config.HiddenSize), kernels),
            new Linear(checkpoint.Matrix(path + "mlp.up_proj", config.IntermediateSize, config.HiddenSize), kernels),
        ];
        Down = [new Linear(checkpoint.Matrix(path + "mlp.down_proj", config.HiddenSize, config.IntermediateSize), kernels)];
        PostFeedforwardNorm = Norm(checkpoint, path + "post_feedforward_layernorm", config.HiddenSize);
    }

    /// <summary>Whether every earlier token is visible (else a sliding window).</summary>
    public bool IsFull { get; }

    /// <summary>[hidden]: before attention.</summary>
    public float[] InputNorm { get; }

    /// <summary>q_proj, k_proj, v_proj: one input, outputs side by side.</summary>
    public Linear[] Qkv { get; }

    /// <summary>[head_dim].</summary>
    public float[] QueryNorm { get; }

    /// <summary>[head_dim].</summary>
    public float[] KeyNorm { get; }

    /// <summary>o_proj.</summary>
    public Linear[] Output { get; }

    /// <summary>[hidden]: on attention's output.</summary>
    public float[] PostAttentionNorm { get; }

    /// <summary>[hidden]: before the feed-forward.</summary>
    public float[] PreFeedforwardNorm { get; }

    /// <summary>gate_proj, up_proj: one input, outputs side by side.</summary>
    public Linear[] GateUp { get; }

    /// <summary>down_proj.</summary>
    public Linear[] Down { get; }

    /// <summary>[hidden]: on the feed-forward's output.</summary>
    public float[] PostFeedforwardNorm { get; }

    /// <summary>All matrices.</summary>
    public IEnumerable<Linear> Linears => [.. Qkv, .. Output, .. GateUp, .. Down];

    /// <summary>A norm's weight with the 1, which MLX and Hugging Face files leave out and GGUF files have.</summary>
    public static float[] Norm(GemmaCheckpoint checkpoint, string module, int length)
    {
        float[] weight = checkpoint.Vector(module, length);
        if (checkpoint.NormsHoldOne)
        {
            return weight;
        }

        foreach (ref float value in weight.AsSpan())
        {
            value += 1;
        }

        return weight;
    }
}
