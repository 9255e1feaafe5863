using System.Numerics.Tensors;
using System.Runtime.Intrinsics.X86;
using ManagedGemma.Checkpoints;
using ManagedGemma.Kernels.RowUnpack;
using ManagedGemma.Ltx.Products;

namespace ManagedGemma.Ltx.Weights;

/// <summary>
/// A linear layer's weights where they lie in the file, [rows, columns], a row an output: BF16, F16, F32, or F8_E4M3 times a scale.
/// </summary>
/// <param name="weight">A validated matrix.</param>
/// <param name="scales">F8_E4M3 only: one for all rows, or one a row; null: 1.</param>
internal sealed unsafe class DenseMatrix(TensorView weight, float[]? scales) : IRowSource
{
    private const int CacheLine = 64;

    private readonly int _size = weight.ElementType.ByteSize();

    /// <inheritdoc/>
    public int Rows { get; } = checked((int)weight.Shape[0]);

    /// <summary>Inputs.</summary>
    public int Columns { get; } = checked((int)weight.Shape[1]);

    /// <summary>The tensor, for messages.</summary>
    public TensorView Weight => weight;

    /// <summary>Where it lies in a file; empty in memory.</summary>
    public IEnumerable<FileRange> Ranges => weight.Range is { } range ? [range] : [];

    /// <inheritdoc/>
    public int ScratchFloats(int count) => 0;

    /// <inheritdoc/>
    public void Read(int row, int first, Span<float> destination, Span<float> scratch) => Read(row, first, destination);

    /// <summary>Copies part of a row as float32.</summary>
    public void Read(int row, int first, Span<float> destination)
    {
        ReadOnlySpan<byte> source = new(At(row, first), destination.Length * _size);
        if (weight.ElementType != ElementType.F8E4M3)
        {
            ElementConversion.ToSingles(source, weight.ElementType, destination);
            return;
        }

        ReadOnlySpan<float> values = MicroFloat.E4M3;
        for (int i = 0; i < destination.Length; i++)
        {
            destination[i] = values[source[i]];
        }

        if (scales is not null)
        {
            TensorPrimitives.Multiply(destination, scales[scales.Length == 1 ? 0 : row], destination);
        }
    }

    /// <inheritdoc/>
    public void Prefetch(int row, int first, int count)
    {
        if (Sse.IsSupported)
        {
            byte* from = At(row, first);
            for (nint offset = 0; offset < (nint)count * _size; offset += CacheLine)
            {
                Sse.Prefetch1(from + offset);
            }
        }
    }

    /// <summary>Looks through a row for something that is not a number: NaN, infinity.</summary>
    public bool IsFinite(int row)
    {
        Span<float> part = stackalloc float[1024];
        for (int first = 0; first < Columns; first += part.Length)
        {
            Span<float> values = part[..Math.Min(part.Length, Columns - first)];
            Read(row, first, values);
            if (!TensorPrimitives.IsFiniteAll<float>(values))
            {
                return false;
            }
        }

        return true;
    }

    private byte* At(int row, int first) => weight.Pointer + ((((nint)row * Columns) + first) * _size);
}
