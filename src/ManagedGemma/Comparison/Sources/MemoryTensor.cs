using ManagedGemma.Checkpoints;

namespace ManagedGemma.Comparison.Sources;

/// <summary>A tensor whose bytes are in memory: of a format that cannot be read where it lies.</summary>
/// <param name="name">Unique in its set.</param>
/// <param name="file">The file that it is from.</param>
/// <param name="elementType">The type of one element.</param>
/// <param name="shape">The dimensions, slowest first; their product times the element's size is the length of <paramref name="data"/>.</param>
/// <param name="data">The elements, little-endian and row-major.</param>
public sealed class MemoryTensor(string name, string file, ElementType elementType, IReadOnlyList<long> shape, ReadOnlyMemory<byte> data)
    : NamedTensor(name, file, elementType, shape, data.Length)
{
    /// <inheritdoc/>
    public override void Read(long byteOffset, Span<byte> destination) => data.Span.Slice((int)byteOffset, destination.Length).CopyTo(destination);
}
