using ManagedGemma.Memory;

namespace ManagedGemma.Ltx.Products;

/// <summary>
/// [rows, width] floats outside the garbage-collected heap. Rows lie an odd number of cache lines apart: at a power of two the rows of a
/// tile would fall into the same few sets of the cache.
/// </summary>
internal sealed unsafe class Buffer2D : IDisposable
{
    private const int LineFloats = 16;

    private readonly NativeBuffer _memory;

    public Buffer2D(int rows, int width)
    {
        Rows = rows;
        Width = width;
        Stride = ((((nint)width + LineFloats - 1) / LineFloats) | 1) * LineFloats;
        _memory = NativeBuffer.OfFloats(rows * (long)Stride);
    }

    /// <summary>Rows.</summary>
    public int Rows { get; }

    /// <summary>Floats of a row.</summary>
    public int Width { get; }

    /// <summary>Floats from a row to the next.</summary>
    public nint Stride { get; }

    /// <summary>The first float.</summary>
    public float* Floats => _memory.Floats;

    /// <summary>A row.</summary>
    public Span<float> Row(int row) => new(Floats + (row * Stride), Width);

    /// <inheritdoc/>
    public void Dispose() => _memory.Dispose();
}
