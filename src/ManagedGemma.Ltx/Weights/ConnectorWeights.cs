using ManagedGemma.Checkpoints;

namespace ManagedGemma.Ltx.Weights;

/// <summary>All weights of one connector.</summary>
internal sealed class ConnectorWeights
{
    /// <summary>Finds the tensors.</summary>
    /// <param name="tensors">The file's.</param>
    /// <param name="modality">video or audio.</param>
    /// <param name="config">What both connectors share.</param>
    /// <param name="sizes">This one's sizes.</param>
    public ConnectorWeights(LtxTensors tensors, string modality, LtxConfig config, LtxConnectorConfig sizes)
    {
        Sizes = sizes;
        string prefix = Prefix(modality);
        Registers = tensors.Values(prefix + "learnable_registers", LtxConfig.RegisterCount, sizes.Width);
        Blocks = new ConnectorBlock[sizes.LayerCount];
        for (int i = 0; i < Blocks.Length; i++)
        {
            Blocks[i] = new ConnectorBlock(tensors, $"{prefix}transformer_1d_blocks.{i}.", config, sizes);
        }

        if (tensors.FirstWithPrefix($"{prefix}transformer_1d_blocks.{sizes.LayerCount}.") is { } more)
        {
            throw new GemmaException(
                "the file has more blocks than connector_num_layers says", tensors.Path, Untrusted.Show(more), $"{sizes.LayerCount} blocks");
        }
    }

    /// <summary>What the tensors' names begin with.</summary>
    /// <param name="modality">video or audio.</param>
    public static string Prefix(string modality) => $"model.diffusion_model.{modality}_embeddings_connector.";

    /// <summary>Sizes.</summary>
    public LtxConnectorConfig Sizes { get; }

    /// <summary>[128, width]: what fills the slots without a token.</summary>
    public float[] Registers { get; }

    /// <summary>The blocks.</summary>
    public ConnectorBlock[] Blocks { get; }
}
