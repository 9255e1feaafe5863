using ManagedGemma.Checkpoints;

namespace ManagedGemma.Comparison.Sources;

/// <summary>One tensor of a set: little-endian elements in row-major order, read a run at a time.</summary>
public abstract class NamedTensor
{
    /// <summary>Describes a tensor whose shape has been validated.</summary>
    /// <param name="name">Unique in its set.</param>
    /// <param name="file">The file that holds it.</param>
    /// <param name="elementType">The type of one element.</param>
    /// <param name="shape">The dimensions, slowest first; their product times the element's size is a length that the file has.</param>
    /// <param name="byteLength">Bytes of all elements.</param>
    protected NamedTensor(string name, string file, ElementType elementType, IReadOnlyList<long> shape, long byteLength)
    {
        Name = name;
        File = file;
        ElementType = elementType;
        Shape = shape;
        ByteLength = byteLength;
    }

    /// <summary>The name in the file.</summary>
    public string Name { get; }

    /// <summary>The file that holds it.</summary>
    public string File { get; }

    /// <summary>The type of one element.</summary>
    public ElementType ElementType { get; }

    /// <summary>The dimensions, slowest first; empty for a scalar.</summary>
    public IReadOnlyList<long> Shape { get; }

    /// <summary>Bytes of all elements.</summary>
    public long ByteLength { get; }

    /// <summary>Copies bytes out of the tensor.</summary>
    /// <param name="byteOffset">Where in the tensor to begin.</param>
    /// <param name="destination">Takes as many bytes as it is long; the range lies inside the tensor.</param>
    /// <exception cref="GemmaException">The file cannot be read, or has been cut short.</exception>
    public abstract void Read(long byteOffset, Span<byte> destination);
}
