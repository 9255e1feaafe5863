using ManagedGemma.Checkpoints;

namespace ManagedGemma.Conversion;

/// <summary>How a <see cref="CheckpointQuantizer"/> works; the defaults are MLX's.</summary>
public sealed record QuantizerOptions
{
    /// <summary>
    /// BF16, F16 or F32: what weights are rounded to before they are quantised, and how scales, biases, norms and modules that stay dense
    /// are stored. Null: as each tensor is stored in the source; for GGUF files, and what is quantised already with scales of no such type, BF16.
    /// </summary>
    public ElementType? ElementType { get; init; }

    /// <summary>Whether matrices that are quantised already are taken: their values are quantised again, which adds error to error.</summary>
    public bool AllowRequantize { get; init; }

    /// <summary>Whether a destination that holds a checkpoint (config.json and plain files, nothing else) is replaced at the end.</summary>
    public bool Overwrite { get; init; }

    /// <summary>Threads that compute; null: one a processor. The output does not depend on it.</summary>
    public int? Threads { get; init; }

    /// <summary>Bytes of tensors that fit in one file.</summary>
    internal long ShardLimit { get; init; } = 5L << 30;

    /// <summary>Bytes of codes that are made before they are written.</summary>
    internal int PieceBytes { get; init; } = 4 << 20;
}
