namespace ManagedGemma.Checkpoints.Synthetic;

/// <summary>How a synthetic tensor's bytes follow from the counter; u is the counter's number in [0, 1).</summary>
internal enum SyntheticKind
{
    /// <summary>The counter's bits: eight 4-bit weights a 32-bit word.</summary>
    Words,

    /// <summary>(0.75 + 0.5 u) * 0.25 / sqrt(columns), so that a product of random inputs keeps its magnitude.</summary>
    Scales,

    /// <summary>-7.5 * scale, so that weights are centred.</summary>
    Biases,

    /// <summary>(u - 0.5) / 2.</summary>
    Norm,
}
