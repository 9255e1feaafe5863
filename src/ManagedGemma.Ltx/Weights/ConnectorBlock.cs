using ManagedGemma.Checkpoints;

namespace ManagedGemma.Ltx.Weights;

/// <summary>The weights of one block of a connector: matrices in place, the small rest as float32.</summary>
internal sealed class ConnectorBlock
{
    public ConnectorBlock(LtxTensors tensors, string prefix, LtxConfig config, LtxConnectorConfig sizes)
    {
        int width = sizes.Width;
        string attention = prefix + "attn1.", gate = attention + "to_gate_logits";
        Name = prefix.TrimEnd('.');
        Query = Layer(tensors, attention + "to_q", width, width);
        Key = Layer(tensors, attention + "to_k", width, width);
        Value = Layer(tensors, attention + "to_v", width, width);
        Output = Layer(tensors, attention + "to_out.0", width, width);
        QueryNorm = tensors.Values(attention + "q_norm.weight", width);
        KeyNorm = tensors.Values(attention + "k_norm.weight", width);
        if (config.Gated)
        {
            Gate = Layer(tensors, gate, sizes.HeadCount, width);
        }
        else
        {
            Refuse(tensors, gate + ".weight", "the file has gates, but connector_apply_gated_attention does not say so");
        }

        Expand = Layer(tensors, prefix + "ff.net.0.proj", 4 * width, width, config.FeedForwardBias);
        Contract = Layer(tensors, prefix + "ff.net.2", width, 4 * width, config.FeedForwardBias);
    }

    /// <summary>The block's path in the file, for messages.</summary>
    public string Name { get; }

    /// <summary>to_q.</summary>
    public LinearLayer Query { get; }

    /// <summary>to_k.</summary>
    public LinearLayer Key { get; }

    /// <summary>to_v.</summary>
    public LinearLayer Value { get; }

    /// <summary>to_out.</summary>
    public LinearLayer Output { get; }

    /// <summary>to_gate_logits, a row a head; null: no gates.</summary>
    public LinearLayer? Gate { get; }

    /// <summary>[width]: on all heads of a query together.</summary>
    public float[] QueryNorm { get; }

    /// <summary>[width]: on all heads of a key together.</summary>
    public float[] KeyNorm { get; }

    /// <summary>The feed-forward's first matrix.</summary>
    public LinearLayer Expand { get; }

    /// <summary>The feed-forward's second matrix.</summary>
    public LinearLayer Contract { get; }

    /// <summary>All matrices.</summary>
    public IEnumerable<LinearLayer> Layers => new[] { Query, Key, Value, Gate, Output, Expand, Contract }.OfType<LinearLayer>();

    /// <summary>The matrices that a product each reads, in the order of the products.</summary>
    public IEnumerable<IEnumerable<LinearLayer>> Products => [new[] { Query, Key, Value, Gate }.OfType<LinearLayer>(), [Output], [Expand], [Contract]];

    private static LinearLayer Layer(LtxTensors tensors, string module, int rows, int columns, bool bias = true)
    {
        if (!bias)
        {
            Refuse(tensors, module + ".bias", "the file has a bias, but connector_ff_bias denies it");
        }

        return new LinearLayer(tensors.Matrix(module, rows, columns), bias ? tensors.Values(module + ".bias", rows) : null);
    }

    private static void Refuse(LtxTensors tensors, string name, string problem)
    {
        if (tensors.Has(name))
        {
            throw new GemmaException(problem, tensors.Path, name);
        }
    }
}
