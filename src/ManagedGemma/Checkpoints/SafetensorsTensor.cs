namespace ManagedGemma.Checkpoints;

/// <summary>One tensor as a safetensors header describes it, found to be consistent and inside the file.</summary>
/// <param name="Name">The name, unique in its file.</param>
/// <param name="ElementType">The type of one element.</param>
/// <param name="Shape">The dimensions, slowest first; empty for a scalar.</param>
/// <param name="Offset">Where the data begins, in bytes from the start of the file.</param>
/// <param name="ByteLength">Bytes of all elements: the product of the shape times the element's size.</param>
public sealed record SafetensorsTensor(string Name, ElementType ElementType, IReadOnlyList<long> Shape, long Offset, long ByteLength);
