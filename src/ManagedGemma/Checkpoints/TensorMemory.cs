using ManagedGemma.Memory;

namespace ManagedGemma.Checkpoints;

/// <summary>Where the bytes of tensors lie: a mapped file, or native memory that this object frees.</summary>
internal sealed unsafe class TensorMemory : IDisposable
{
    private readonly MappedFile? _file;
    private readonly NativeBuffer? _owned;
    private bool _disposed;

    /// <summary>Takes over a mapped file.</summary>
    public TensorMemory(MappedFile file)
    {
        _file = file;
        Label = file.Path;
        Length = file.Length;
    }

    /// <summary>Allocates zeroed native memory.</summary>
    public TensorMemory(long length, string label)
    {
        Label = label;
        Length = length;
        _owned = new NativeBuffer(checked((nuint)length));
        _owned.Clear();
    }

    /// <summary>The file's path, or what stands for it in messages.</summary>
    public string Label { get; }

    public long Length { get; }

    /// <summary>The first byte; null when there are none.</summary>
    /// <exception cref="ObjectDisposedException">The memory has been given back.</exception>
    public byte* Pointer
    {
        get
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            return _file is null ? _owned!.Pointer : _file.Pointer;
        }
    }

    /// <summary>The mapped file; null for native memory, which needs no reading.</summary>
    public MappedFile? File => _file;

    /// <summary>As <see cref="MappedFile.CheckLength"/>; native memory keeps its length.</summary>
    public void CheckLength() => _file?.CheckLength();

    public void Dispose()
    {
        if (_disposed)
        {
            return;
        }

        _disposed = true;
        _file?.Dispose();
        _owned?.Dispose();
    }
}
