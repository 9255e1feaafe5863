using ManagedGemma.Checkpoints;

namespace ManagedGemma.Ltx.Formats.Numpy;

/// <summary>What a NumPy array's head says of it.</summary>
/// <param name="ElementType">The type of one element, little-endian.</param>
/// <param name="Shape">The dimensions, slowest first.</param>
/// <param name="HeadLength">Bytes before the first element.</param>
/// <param name="ByteLength">Bytes of all elements.</param>
internal sealed record NpyDescription(ElementType ElementType, IReadOnlyList<long> Shape, int HeadLength, long ByteLength);
