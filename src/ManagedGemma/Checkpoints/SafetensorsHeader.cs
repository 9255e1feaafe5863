using System.Buffers.Binary;

namespace ManagedGemma.Checkpoints;

/// <summary>
/// The header of a safetensors file: eight bytes of length, then JSON. Everything in it has been validated against the
/// file's length: element types known, sizes without overflow, data without gap, overlap or bytes left over.
/// </summary>
public sealed class SafetensorsHeader
{
    /// <summary>The longest header that is read, as in the original library.</summary>
    public const int LongestHeader = 100_000_000;

    internal SafetensorsHeader(IReadOnlyList<SafetensorsTensor> tensors, IReadOnlyDictionary<string, string> metadata, long dataStart)
    {
        Tensors = tensors;
        Metadata = metadata;
        DataStart = dataStart;
    }

    /// <summary>The tensors in the order of the header.</summary>
    public IReadOnlyList<SafetensorsTensor> Tensors { get; }

    /// <summary>The free text under <c>__metadata__</c>; empty when there is none.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>Where the first tensor's data begins, in bytes from the start of the file.</summary>
    public long DataStart { get; }

    /// <summary>Reads and validates a header. Only strings and shapes that the header itself holds are allocated.</summary>
    /// <param name="head">The start of the file, at least to the end of the header.</param>
    /// <param name="fileLength">Bytes in the whole file.</param>
    /// <param name="path">The file's path, for messages.</param>
    /// <exception cref="GemmaException">The header is not one, or does not describe this file.</exception>
    public static SafetensorsHeader Parse(ReadOnlySpan<byte> head, long fileLength, string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        int length = HeaderLength(head, fileLength, path);
        long dataStart = 8L + length;
        SafetensorsHeaderReader reader = new(head.Slice(8, length), dataStart, fileLength - dataStart, path);
        return reader.Read();
    }

    /// <summary>Reads the header's length from a file's first bytes and holds it against the file and the limit.</summary>
    private static int HeaderLength(ReadOnlySpan<byte> head, long fileLength, string path)
    {
        if (head.Length < 8 || fileLength < 8)
        {
            throw new GemmaException(
                "the file is too short for a safetensors header", path, expected: "at least 8 bytes", found: $"{Math.Min(head.Length, fileLength)} bytes");
        }

        if (head.StartsWith("version https://git-lfs"u8))
        {
            throw new GemmaException("not a safetensors file (a Git LFS pointer: the file itself has not been downloaded)", path);
        }

        ulong length = BinaryPrimitives.ReadUInt64LittleEndian(head);
        if (length > LongestHeader)
        {
            throw new GemmaException(
                "the header length is impossible (not a safetensors file?)", path, expected: $"at most {LongestHeader} bytes", found: $"{length}");
        }

        if ((long)length > fileLength - 8)
        {
            throw new GemmaException(
                "the header runs past the end of the file (truncated download?)", path, expected: $"at most {fileLength - 8} bytes", found: $"{length}");
        }

        if ((long)length > head.Length - 8)
        {
            throw new ArgumentException("The bytes given do not reach the end of the header.", nameof(head));
        }

        return (int)length;
    }
}
