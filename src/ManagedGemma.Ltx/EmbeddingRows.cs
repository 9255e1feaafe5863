namespace ManagedGemma.Ltx;

/// <summary>Rows of float32, a token or slot each.</summary>
public sealed class EmbeddingRows
{
    private readonly float[] _values;

    /// <summary>Takes rows.</summary>
    /// <param name="count">The number of rows.</param>
    /// <param name="width">Elements of a row; at least 1.</param>
    /// <param name="values">[count, width], row-major; not copied.</param>
    /// <exception cref="ArgumentException">The length does not fit.</exception>
    public EmbeddingRows(int count, int width, float[] values)
    {
        ArgumentNullException.ThrowIfNull(values);
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        if (values.LongLength != (long)count * width)
        {
            throw new ArgumentException($"{count} rows of {width} are not {values.LongLength} values.", nameof(values));
        }

        Count = count;
        Width = width;
        _values = values;
    }

    /// <summary>Rows.</summary>
    public int Count { get; }

    /// <summary>Elements of a row.</summary>
    public int Width { get; }

    /// <summary>[count, width], row-major.</summary>
    public ReadOnlyMemory<float> Values => _values;

    /// <summary>A row.</summary>
    /// <param name="index">0 .. <see cref="Count"/> − 1.</param>
    public ReadOnlySpan<float> Row(int index)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)index, (uint)Count, nameof(index));
        return _values.AsSpan(index * Width, Width);
    }
}
