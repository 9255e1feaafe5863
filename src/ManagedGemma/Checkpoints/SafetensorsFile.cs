using System.Diagnostics.CodeAnalysis;

namespace ManagedGemma.Checkpoints;

/// <summary>A safetensors file: mapped, its header validated, its tensors by name. Nothing is copied.</summary>
public sealed class SafetensorsFile : IDisposable
{
    private readonly TensorMemory _memory;
    private readonly Dictionary<string, TensorView> _byName;

    private unsafe SafetensorsFile(TensorMemory memory)
    {
        int head = (int)Math.Min(memory.Length, 8L + SafetensorsHeader.LongestHeader);
        Header = SafetensorsHeader.Parse(new ReadOnlySpan<byte>(memory.Pointer, head), memory.Length, memory.Label);
        _memory = memory;
        _byName = new Dictionary<string, TensorView>(Header.Tensors.Count, StringComparer.Ordinal);
        TensorView[] views = new TensorView[Header.Tensors.Count];
        for (int i = 0; i < views.Length; i++)
        {
            SafetensorsTensor tensor = Header.Tensors[i];
            views[i] = new TensorView(tensor.Name, tensor.ElementType, tensor.Shape, memory, tensor.Offset, tensor.ByteLength);
            _byName.Add(tensor.Name, views[i]);
        }

        Tensors = views;
    }

    /// <summary>The path as it was given to <see cref="Open"/>.</summary>
    public string Path => _memory.Label;

    /// <summary>Bytes in the file.</summary>
    public long Length => _memory.Length;

    /// <summary>The header as it was read.</summary>
    public SafetensorsHeader Header { get; }

    /// <summary>The tensors in the order of the header.</summary>
    public IReadOnlyList<TensorView> Tensors { get; }

    /// <summary>Maps a file and reads its header.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="GemmaException">The file cannot be mapped or is not a valid safetensors file.</exception>
    public static SafetensorsFile Open(string path) => FromMemory(new TensorMemory(MappedFile.Open(path)));

    /// <summary>Takes over memory that holds a whole safetensors file; it is given back even when the header is bad.</summary>
    internal static SafetensorsFile FromMemory(TensorMemory memory)
    {
        try
        {
            return new SafetensorsFile(memory);
        }
        catch
        {
            memory.Dispose();
            throw;
        }
    }

    /// <summary>Finds a tensor.</summary>
    /// <param name="name">The name as in the file.</param>
    /// <param name="tensor">The tensor, or null.</param>
    /// <returns>Whether the file holds it.</returns>
    public bool TryGetTensor(string name, [NotNullWhen(true)] out TensorView? tensor) => _byName.TryGetValue(name, out tensor);

    /// <summary>A tensor by name.</summary>
    /// <param name="name">The name as in the file.</param>
    /// <exception cref="GemmaException">The file does not hold it.</exception>
    public TensorView Tensor(string name) =>
        TryGetTensor(name, out TensorView? tensor) ? tensor : throw new GemmaException("missing tensor", Path, Untrusted.Show(name));

    /// <summary>As <see cref="MappedFile.CheckLength"/>.</summary>
    internal void CheckLength() => _memory.CheckLength();

    /// <summary>Unmaps the file; its tensors are invalid from here on.</summary>
    public void Dispose() => _memory.Dispose();
}
