namespace ManagedGemma.Conversion;

/// <summary>
/// Packs rows of weights as MLX does on the CPU, bit for bit: the same words, scales and biases. Codes lie one after the other in
/// a row's little-endian words, lowest bit first. Stateless: rows may be packed on several threads at once.
/// </summary>
internal interface IRowQuantizer
{
    /// <summary>Bytes of one scale, and of one bias.</summary>
    int ScaleBytes { get; }

    /// <summary>Whether a group has a bias beside its scale.</summary>
    bool HasBiases { get; }

    /// <summary>Packs a row.</summary>
    /// <param name="row">Whole groups of weights, each a value of the type that the quantizer was made for. Overwritten.</param>
    /// <param name="words">Takes the codes: columns · bits / 8 bytes.</param>
    /// <param name="scales">Takes a scale a group.</param>
    /// <param name="biases">Takes a bias a group; empty where there are none.</param>
    /// <returns>-1; else the first group with a value that is not finite, or whose range is not: nothing of the row is to be used.</returns>
    int Quantize(Span<float> row, Span<byte> words, Span<byte> scales, Span<byte> biases);
}
