using System.Runtime.Intrinsics.X86;
using ManagedGemma.Checkpoints;
using ManagedGemma.Kernels;
using ManagedGemma.Kernels.RowUnpack;
using ManagedGemma.Kernels.RowUnpack.Gguf;

namespace ManagedGemma.Model;

/// <summary>The rows of a weight matrix as float32, whatever the format in which they lie in the file.</summary>
internal sealed unsafe class WeightRows
{
    private const int CacheLine = 64;

    private readonly WeightMatrix _matrix;
    private readonly IRowUnpack _unpack;
    private readonly nint _valueBytes;
    private readonly nint _scaleBytes;

    /// <summary>Takes a matrix that is already validated by the checkpoint.</summary>
    public WeightRows(WeightMatrix matrix, KernelTable kernels)
    {
        _matrix = matrix;
        _unpack = matrix switch
        {
            { Scheme: { } scheme } => new MlxRowUnpack(
                new MlxFormat(scheme.Mode, scheme.Bits, scheme.GroupSize, matrix.Scales!.ElementType), kernels.MlxUnpack),
            { BlockType: { } type } => GgufRowUnpack.For(type),
            _ => new DenseRowUnpack(matrix.Weight.ElementType),
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
        byte* scales = _matrix.Scales is { } s ? s.Pointer + (row * _scaleBytes) : null;
        byte* biases = _matrix.Biases is { } b ? b.Pointer + (row * _scaleBytes) : null;
        _unpack.Unpack(new PackedRow(values, scales, biases), first, destination);
    }

    /// <summary>A row where it lies, when it is float32 already; else null.</summary>
    public float* Floats(long row) =>
        _matrix.Scheme is null && _matrix.Weight.ElementType == ElementType.F32 && BitConverter.IsLittleEndian
            ? (float*)(_matrix.Weight.Pointer + (row * _valueBytes))
            : null;

    /// <summary>Asks memory for part of a row, which may lie beyond the matrix: a prefetch reads nothing.</summary>
    /// <param name="row">The row.</param>
    /// <param name="first">The first column.</param>
    /// <param name="columns">The number of columns.</param>
    public void Prefetch(long row, int first, int columns)
    {
        if (!Sse.IsSupported)
        {
            return;
        }

        nint from = (nint)((long)_valueBytes * first / _matrix.Columns), to = (nint)((long)_valueBytes * (first + columns) / _matrix.Columns);
        byte* values = _matrix.Weight.Pointer + (row * _valueBytes);
        for (; from < to; from += CacheLine)
        {
            Sse.Prefetch1(values + from);
        }
    }
}
