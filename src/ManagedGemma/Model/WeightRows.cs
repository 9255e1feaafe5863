using ManagedGemma.Checkpoints;
using ManagedGemma.Kernels.RowUnpack;
using ManagedGemma.Kernels.RowUnpack.Gguf;

namespace ManagedGemma.Model;

/// <summary>The rows of a weight matrix as float32, whatever the format in which they lie in the file.</summary>
internal sealed unsafe class WeightRows
{
    private readonly WeightMatrix _matrix;
    private readonly IRowUnpack? _unpack;
    private readonly nint _valueBytes;
    private readonly nint _scaleBytes;

    /// <summary>Takes a matrix that is already validated by the checkpoint.</summary>
    /// <exception cref="GemmaException">Its format is not one that can be read.</exception>
    public WeightRows(WeightMatrix matrix)
    {
        _matrix = matrix;
        _unpack = matrix.Scheme switch
        {
            null => matrix.BlockType is { } type ? GgufRowUnpack.For(type) : null,
            { Mode: QuantizationMode.Affine } scheme => new AffineRowUnpack(scheme.Bits, scheme.GroupSize, matrix.Scales!.ElementType),
            { Mode: QuantizationMode.MxFp4 } => new MxFp4RowUnpack(),
            var scheme => throw new GemmaException(
                "this quantisation has no kernel in this version", matrix.Weight.File, matrix.Path, "affine or dense", $"{scheme}"),
        };
        _valueBytes = checked((nint)(matrix.Weight.ByteLength / matrix.Rows));
        _scaleBytes = checked((nint)((matrix.Scales?.ByteLength ?? 0) / matrix.Rows));
    }

    /// <summary>Copies part of a row as float32.</summary>
    /// <param name="row">The row.</param>
    /// <param name="first">The first column: a multiple of <see cref="IRowUnpack.ColumnMultiple"/>.</param>
    /// <param name="destination">Takes as many columns as it is long: whole groups or blocks where the format has them.</param>
    public void Read(long row, int first, Span<float> destination)
    {
        byte* values = _matrix.Weight.Pointer + (row * _valueBytes);
        if (_unpack is not null)
        {
            byte* scales = _matrix.Scales is { } s ? s.Pointer + (row * _scaleBytes) : null;
            byte* biases = _matrix.Biases is { } b ? b.Pointer + (row * _scaleBytes) : null;
            _unpack.Unpack(new PackedRow(values, scales, biases), first, destination);
            return;
        }

        ElementType type = _matrix.Weight.ElementType;
        int size = type.ByteSize();
        ElementConversion.ToSingles(new ReadOnlySpan<byte>(values + ((long)first * size), destination.Length * size), type, destination);
    }
}
