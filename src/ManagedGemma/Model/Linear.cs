using ManagedGemma.Checkpoints;
using ManagedGemma.Kernels;
using ManagedGemma.Kernels.Int4;

namespace ManagedGemma.Model;

/// <summary>One weight matrix as the kernels see it: 4-bit rows in place, rows of any other format widened tile by tile.</summary>
internal sealed unsafe class Linear
{
    private readonly WeightMatrix _matrix;
    private readonly WeightRows _rows;

    /// <summary>Takes a matrix that is already validated by the checkpoint.</summary>
    /// <exception cref="GemmaException">Its layout is not one that the kernels read.</exception>
    public Linear(WeightMatrix matrix, KernelTable kernels)
    {
        _matrix = matrix;
        Rows = checked((int)matrix.Rows);
        Columns = checked((int)matrix.Columns);
        IsInt4 = matrix is { Scheme: { Mode: QuantizationMode.Affine, Bits: 4, GroupSize: Int4Rows.GroupSize }, Scales.ElementType: ElementType.BF16 };
        _rows = new WeightRows(matrix, kernels);
    }

    /// <summary>Outputs.</summary>
    public int Rows { get; }

    /// <summary>Inputs.</summary>
    public int Columns { get; }

    /// <summary>Whether the integer kernels apply.</summary>
    public bool IsInt4 { get; }

    /// <summary>The matrix, and what it is multiplied by.</summary>
    public MatrixUse Use => new(_matrix, IsInt4 ? MatrixProduct.Int4 : MatrixProduct.Unpacked);

    /// <summary>The bytes of all rows with their scales.</summary>
    public long ByteLength => _matrix.ByteLength;

    /// <summary>Where the matrix lies in mapped files.</summary>
    public IEnumerable<FileRange> Ranges => _matrix.Ranges(0, Rows);

    /// <summary>Some rows of a 4-bit matrix.</summary>
    public Int4Rows Int4(int first, int count) =>
        new Int4Rows(
            (uint*)_matrix.Weight.Pointer,
            (ushort*)_matrix.Scales!.Pointer,
            (ushort*)_matrix.Biases!.Pointer,
            Rows,
            Columns / Int4Rows.GroupSize).Slice(first, count);

    /// <summary>Copies part of a row as float32, as <see cref="WeightRows.Read"/>.</summary>
    public void Row(int row, int firstColumn, Span<float> destination) => _rows.Read(row, firstColumn, destination);

    /// <summary>A row where it lies, with the next ones behind it, when it is float32 already; else null.</summary>
    public float* FloatRow(int row) => _rows.Floats(row);

    /// <summary>Asks for what <see cref="Row"/> will read; beyond the matrix too.</summary>
    public void PrefetchRow(int row, int firstColumn, int columns) => _rows.Prefetch(row, firstColumn, columns);
}
