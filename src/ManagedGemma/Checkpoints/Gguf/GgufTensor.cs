namespace ManagedGemma.Checkpoints.Gguf;

/// <summary>One tensor as a GGUF header describes it, found to be consistent and inside the file.</summary>
/// <param name="Name">The name, unique in its file.</param>
/// <param name="Type">What its data is.</param>
/// <param name="Shape">The dimensions in weights, slowest first: the file has them the other way round.</param>
/// <param name="Offset">Where the data begins, in bytes from the start of the file.</param>
/// <param name="ByteLength">Bytes of the data.</param>
internal sealed record GgufTensor(string Name, GgufType Type, IReadOnlyList<long> Shape, long Offset, long ByteLength);
