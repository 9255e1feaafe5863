using ManagedGemma.Checkpoints;

namespace ManagedGemma.Tests.Checkpoints;

/// <summary>Asks a checkpoint for everything that the decoder needs, as the engine does.</summary>
internal static class DecoderWalk
{
    public static List<WeightMatrix> Ask(GemmaCheckpoint checkpoint)
    {
        GemmaConfig c = checkpoint.Config;
        int queries = c.HeadCount * c.HeadDim;
        int keys = c.KeyValueHeadCount * c.HeadDim;
        List<WeightMatrix> matrices = [checkpoint.Matrix("embed_tokens", -1, c.HiddenSize)];
        for (int i = 0; i < c.LayerCount; i++)
        {
            string layer = $"layers.{i}.";
            foreach (string norm in (string[])["input_layernorm", "post_attention_layernorm", "pre_feedforward_layernorm", "post_feedforward_layernorm"])
            {
                Assert.Equal(c.HiddenSize, checkpoint.Vector(layer + norm, c.HiddenSize).Length);
            }

            Assert.Equal(c.HeadDim, checkpoint.Vector(layer + "self_attn.q_norm", c.HeadDim).Length);
            Assert.Equal(c.HeadDim, checkpoint.Vector(layer + "self_attn.k_norm", c.HeadDim).Length);
            matrices.Add(checkpoint.Matrix(layer + "self_attn.q_proj", queries, c.HiddenSize));
            matrices.Add(checkpoint.Matrix(layer + "self_attn.k_proj", keys, c.HiddenSize));
            matrices.Add(checkpoint.Matrix(layer + "self_attn.v_proj", keys, c.HiddenSize));
            matrices.Add(checkpoint.Matrix(layer + "self_attn.o_proj", c.HiddenSize, queries));
            matrices.Add(checkpoint.Matrix(layer + "mlp.gate_proj", c.IntermediateSize, c.HiddenSize));
            matrices.Add(checkpoint.Matrix(layer + "mlp.up_proj", c.IntermediateSize, c.HiddenSize));
            matrices.Add(checkpoint.Matrix(layer + "mlp.down_proj", c.HiddenSize, c.IntermediateSize));
        }

        Assert.Equal(c.HiddenSize, checkpoint.Vector("norm", c.HiddenSize).Length);
        return matrices;
    }
}
