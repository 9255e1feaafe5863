using ManagedGemma.Checkpoints.Gguf;

namespace ManagedGemma.Checkpoints;

/// <summary>
/// A linear layer's weights (or the embedding's) where they lie in the file: row-major, one row an output. Types and
/// shapes of the tensors have been validated against each other and against what the model expects.
/// </summary>
public sealed class WeightMatrix
{
    internal WeightMatrix(
        string path, long rows, long columns, QuantizationScheme? scheme, TensorView weight, TensorView? scales = null, TensorView? biases = null)
    {
        Path = path;
        Rows = rows;
        Columns = columns;
        Scheme = scheme;
        Weight = weight;
        Scales = scales;
        Biases = biases;
    }

    /// <summary>The module's path in the file, without <c>.weight</c>.</summary>
    public string Path { get; }

    /// <summary>Outputs.</summary>
    public long Rows { get; }

    /// <summary>Inputs, counted in weights however many bits each has.</summary>
    public long Columns { get; }

    /// <summary>How the weights are quantised by MLX; null when they are dense or GGUF's blocks.</summary>
    public QuantizationScheme? Scheme { get; }

    /// <summary>The kind of GGUF blocks that the weights lie in; null when they do not.</summary>
    public GgufType? BlockType => Weight.BlockType;

    /// <summary>
    /// Dense: BF16, F16 or F32 [rows, columns]. Quantised: U32 [rows, columns * bits / 32], where element j of a row
    /// begins at bit j * bits of the row, lowest bit first. GGUF's blocks: U8 [rows, bytes of a row].
    /// </summary>
    public TensorView Weight { get; }

    /// <summary>[rows, columns / group]: BF16, F16 or F32 in affine mode, U8 in the others; null when dense.</summary>
    public TensorView? Scales { get; }

    /// <summary>As <see cref="Scales"/>, in affine mode only.</summary>
    public TensorView? Biases { get; }

    /// <summary>Bytes of all tensors together.</summary>
    public long ByteLength => Tensors.Sum(tensor => tensor.ByteLength);

    private IEnumerable<TensorView> Tensors => new[] { Weight, Scales, Biases }.OfType<TensorView>();

    /// <summary>Where some rows lie in mapped files; nowhere when they are in memory.</summary>
    internal IEnumerable<FileRange> Ranges(long firstRow, long rows) =>
        from tensor in Tensors
        let range = tensor.Range
        where range is not null
        let row = tensor.ByteLength / Rows
        select range.Value with { Offset = range.Value.Offset + (firstRow * row), Length = rows * row };
}
