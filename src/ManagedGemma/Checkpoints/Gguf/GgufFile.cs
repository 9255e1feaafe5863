namespace ManagedGemma.Checkpoints.Gguf;

/// <summary>A GGUF file: mapped, its header validated. Nothing is copied.</summary>
internal sealed class GgufFile : IDisposable
{
    private unsafe GgufFile(TensorMemory memory)
    {
        int head = (int)Math.Min(memory.Length, GgufHeader.Longest);
        Header = GgufHeader.Parse(new ReadOnlySpan<byte>(memory.Pointer, head), memory.Length, memory.Label);
        Memory = memory;
        Metadata = new GgufMetadata(memory, Header.Values);
        Tensors = [.. Header.Tensors.Select(x => View(x, memory))];
    }

    /// <summary>The path as it was given to <see cref="Open"/>.</summary>
    public string Path => Memory.Label;

    /// <summary>The header as it was read.</summary>
    public GgufHeader Header { get; }

    /// <summary>The header's metadata.</summary>
    public GgufMetadata Metadata { get; }

    /// <summary>The tensors in the order of the header. Blocks are seen as bytes: U8 [rows, bytes of a row].</summary>
    public IReadOnlyList<TensorView> Tensors { get; }

    /// <summary>Where the file's bytes are.</summary>
    public TensorMemory Memory { get; }

    /// <summary>Maps a file and reads its header.</summary>
    /// <exception cref="GemmaException">The file cannot be mapped or is not a valid GGUF file.</exception>
    public static GgufFile Open(string path) => FromMemory(new TensorMemory(MappedFile.Open(path)));

    /// <summary>Takes over memory that holds a whole GGUF file; it is given back even when the header is bad.</summary>
    public static GgufFile FromMemory(TensorMemory memory)
    {
        try
        {
            return new GgufFile(memory);
        }
        catch
        {
            memory.Dispose();
            throw;
        }
    }

    /// <summary>Whether a file is GGUF by its name or, whatever its name, by its first bytes.</summary>
    public static bool Is(string path)
    {
        if (path.EndsWith(GgufFiles.Extension, StringComparison.OrdinalIgnoreCase))
        {
            return true;
        }

        try
        {
            using FileStream stream = new(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
            Span<byte> magic = stackalloc byte[4];
            return stream.ReadAtLeast(magic, magic.Length, throwOnEndOfStream: false) == magic.Length && magic.SequenceEqual("GGUF"u8);
        }
        catch (Exception exception) when (FileFailure.Is(exception))
        {
            throw FileFailure.Reading(path, exception);
        }
    }

    /// <summary>Unmaps the file; its tensors are invalid from here on.</summary>
    public void Dispose() => Memory.Dispose();

    private static TensorView View(GgufTensor tensor, TensorMemory memory)
    {
        if (tensor.Type.ToElementType() is { } elements)
        {
            return new TensorView(tensor.Name, elements, tensor.Shape, memory, tensor.Offset, tensor.ByteLength);
        }

        long[] bytes = [.. tensor.Shape];
        bytes[^1] = bytes[^1] / tensor.Type.BlockLength() * tensor.Type.BlockBytes();
        return new TensorView(tensor.Name, ElementType.U8, bytes, memory, tensor.Offset, tensor.ByteLength, tensor.Type);
    }
}
