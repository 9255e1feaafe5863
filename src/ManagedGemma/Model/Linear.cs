using ManagedGemma.Checkpoints;
using ManagedGemma.Kernels.Int4;

namespace ManagedGemma.Model;

/// <summary>One weight matrix as the kernels see it: 4-bit rows in place, or dense rows that are widened tile by tile.</summary>
internal sealed unsafe class Linear
{
    private readonly WeightMatrix _matrix;

    /// <summary>Takes a matrix that is already validated by the checkpoint.</summary>
    /// <exception cref="GemmaException">Its layout is not one that the kernels read.</exception>
    public Linear(WeightMatrix matrix)
    {
        _matrix = matrix;
        Rows = checked((int)matrix.Rows);
        Columns = checked((int)matrix.Columns);
        if (matrix.Scheme is { } scheme)
        {
            RequireInt4(matrix, scheme);
            IsInt4 = true;
        }
    }

    /// <summary>Outputs.</summary>
    public int Rows { get; }

    /// <summary>Inputs.</summary>
    public int Columns { get; }

    /// <summary>Whether the integer kernels apply.</summary>
    public bool IsInt4 { get; }

    /// <summary>The bytes of all rows with their scales.</summary>
    public long ByteLength => _matrix.ByteLength;

    /// <summary>Some rows of a 4-bit matrix.</summary>
    public Int4Rows Int4(int first, int count) =>
        new Int4Rows(
            (uint*)_matrix.Weight.Pointer,
            (ushort*)_matrix.Scales!.Pointer,
            (ushort*)_matrix.Biases!.Pointer,
            Rows,
            Columns / Int4Rows.GroupSize).Slice(first, count);

    /// <summary>Copies part of a dense row as float32.</summary>
    public void DenseRow(int row, int firstColumn, Span<float> destination)
    {
        int size = _matrix.Weight.ElementType.ByteSize();
        byte* source = _matrix.Weight.Pointer + ((((long)row * Columns) + firstColumn) * size);
        ElementConversion.ToSingles(new ReadOnlySpan<byte>(source, destination.Length * size), _matrix.Weight.ElementType, destination);
    }

    private static void RequireInt4(WeightMatrix matrix, QuantizationScheme scheme)
    {
        if (scheme is not { Mode: QuantizationMode.Affine, Bits: 4, GroupSize: Int4Rows.GroupSize }
            || matrix.Scales!.ElementType != ElementType.BF16)
        {
            throw new GemmaException(
                "this quantisation has no kernel in this version",
                matrix.Weight.File,
                matrix.Path,
                "4 bit affine, group 64, with BF16 scales, or a dense matrix",
                $"{scheme} with {matrix.Scales!.ElementType.ToSafetensorsName()} scales");
        }
    }
}
