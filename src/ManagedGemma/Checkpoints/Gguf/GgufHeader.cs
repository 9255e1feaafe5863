namespace ManagedGemma.Checkpoints.Gguf;

/// <summary>
/// What stands before a GGUF file's data. Everything in it has been validated against the file's length: counts, lengths, types,
/// sizes without overflow, data inside the file, aligned, without overlap.
/// </summary>
/// <param name="Version">2 or 3.</param>
/// <param name="Values">The metadata by key.</param>
/// <param name="Tensors">The tensors in the order of the file.</param>
/// <param name="DataStart">Where offsets of data count from, in bytes from the start of the file.</param>
internal sealed record GgufHeader(
    uint Version, IReadOnlyDictionary<string, GgufValue> Values, IReadOnlyList<GgufTensor> Tensors, long DataStart)
{
    /// <summary>The longest header that is read: a vocabulary of a million pieces with scores and merges is a tenth of it.</summary>
    public const int Longest = 256 << 20;

    /// <summary>Reads and validates a header. Only what the header itself holds is allocated.</summary>
    /// <param name="head">The start of the file: all of it, or <see cref="Longest"/> bytes.</param>
    /// <param name="fileLength">Bytes in the whole file.</param>
    /// <param name="path">The file's path, for messages.</param>
    /// <exception cref="GemmaException">The header is not one, or does not describe this file.</exception>
    public static GgufHeader Parse(ReadOnlySpan<byte> head, long fileLength, string path) => new GgufHeaderReader(head, fileLength, path).Read();
}
