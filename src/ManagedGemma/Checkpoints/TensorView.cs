using ManagedGemma.Checkpoints.Gguf;

namespace ManagedGemma.Checkpoints;

/// <summary>
/// A named tensor where it lies in its file: nothing is copied. Valid until the checkpoint or file that gave it is
/// disposed. Elements are little-endian and row-major; the first one need not be aligned to its size.
/// </summary>
public sealed unsafe class TensorView
{
    private readonly TensorMemory _memory;
    private readonly long _offset;

    /// <summary>Makes a view of bytes that the header's parser has found to lie inside the memory.</summary>
    internal TensorView(
        string name, ElementType elementType, IReadOnlyList<long> shape, TensorMemory memory, long offset, long byteLength, GgufType? blockType = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfNegative(byteLength);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(byteLength, memory.Length - offset);
        Name = name;
        ElementType = elementType;
        Shape = shape;
        ByteLength = byteLength;
        BlockType = blockType;
        _memory = memory;
        _offset = offset;
    }

    /// <summary>The tensor's name in the file.</summary>
    public string Name { get; }

    /// <summary>The path of the file that holds it.</summary>
    public string File => _memory.Label;

    /// <summary>The type of one element.</summary>
    public ElementType ElementType { get; }

    /// <summary>What the bytes of a GGUF tensor in blocks are; null for tensors whose elements are the weights.</summary>
    public GgufType? BlockType { get; }

    /// <summary>The dimensions, slowest first; empty for a scalar.</summary>
    public IReadOnlyList<long> Shape { get; }

    /// <summary>Bytes of all elements.</summary>
    public long ByteLength { get; }

    /// <summary>Number of elements.</summary>
    public long ElementCount => ByteLength / ElementType.ByteSize();

    /// <summary>The dimensions in weights: <see cref="Shape"/>, but for blocks, where that counts bytes.</summary>
    public IReadOnlyList<long> WeightShape =>
        BlockType is { } type ? [.. Shape.SkipLast(1), Shape[^1] / type.BlockBytes() * type.BlockLength()] : Shape;

    /// <summary>The type's name as its format spells it, for instance <c>BF16</c> or <c>Q4_K</c>.</summary>
    public string TypeName => BlockType?.ToString() ?? ElementType.ToSafetensorsName();

    /// <summary>The first byte of <see cref="ByteLength"/>.</summary>
    /// <exception cref="ObjectDisposedException">The owner has been disposed.</exception>
    internal byte* Pointer => _memory.Pointer + _offset;

    /// <summary>Where the bytes lie in a mapped file; null when they do not.</summary>
    internal FileRange? Range => _memory.File is { } file ? new FileRange(file, _offset, ByteLength) : null;

    /// <summary>Copies bytes out of the tensor.</summary>
    /// <param name="byteOffset">Where in the tensor to begin.</param>
    /// <param name="destination">Takes as many bytes as it is long.</param>
    /// <exception cref="ArgumentOutOfRangeException">The range leaves the tensor.</exception>
    /// <exception cref="ObjectDisposedException">The owner has been disposed.</exception>
    public void CopyTo(long byteOffset, Span<byte> destination)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(byteOffset);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(byteOffset, ByteLength - destination.Length);
        new ReadOnlySpan<byte>(Pointer + byteOffset, destination.Length).CopyTo(destination);
    }

    /// <summary>Copies a BF16, F16 or F32 tensor to float32.</summary>
    /// <exception cref="GemmaException">The element type is another one, or the tensor has more elements than an array can hold.</exception>
    /// <exception cref="ObjectDisposedException">The owner has been disposed.</exception>
    public float[] ToSingles()
    {
        if (!ElementType.IsWeightFloat())
        {
            throw new GemmaException("wrong element type", File, Untrusted.Show(Name), "BF16, F16 or F32", TypeName);
        }

        if (ElementCount > Array.MaxLength)
        {
            throw new GemmaException("too large to copy", File, Untrusted.Show(Name), $"at most {Array.MaxLength} elements", $"{ElementCount}");
        }

        float[] values = new float[ElementCount];
        const int Chunk = 1 << 16;
        int size = ElementType.ByteSize();
        for (int start = 0; start < values.Length; start += Chunk)
        {
            int count = Math.Min(Chunk, values.Length - start);
            ReadOnlySpan<byte> bytes = new(Pointer + ((long)start * size), count * size);
            ElementConversion.ToSingles(bytes, ElementType, values.AsSpan(start, count));
        }

        return values;
    }

    /// <summary>Name, type and shape, for messages and debuggers.</summary>
    public override string ToString() => $"{Untrusted.Show(Name)} {TypeName} {Untrusted.Show(WeightShape)}";
}
