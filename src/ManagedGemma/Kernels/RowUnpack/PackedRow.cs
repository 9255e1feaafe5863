namespace ManagedGemma.Kernels.RowUnpack;

/// <summary>One row of a packed matrix where it lies in its file. No pointer needs alignment.</summary>
/// <param name="values">The row's packed weights, or its blocks with their scales.</param>
/// <param name="scales">The row's scales; null where the blocks hold them.</param>
/// <param name="biases">The row's biases; null where the format has none.</param>
internal readonly unsafe struct PackedRow(byte* values, byte* scales, byte* biases)
{
    /// <summary>Packed weights.</summary>
    public byte* Values => values;

    /// <summary>One a group, or null.</summary>
    public byte* Scales => scales;

    /// <summary>One a group, or null.</summary>
    public byte* Biases => biases;
}
