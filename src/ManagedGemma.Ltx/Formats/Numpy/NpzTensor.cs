using System.IO.Compression;
using System.IO.Hashing;
using ManagedGemma.Checkpoints;
using ManagedGemma.Comparison.Sources;

namespace ManagedGemma.Ltx.Formats.Numpy;

/// <summary>
/// An array in a zip, unpacked while it is read: what a small file says is large takes no memory. Whoever goes back begins anew. What was
/// read from its first byte to its last is held against the zip's checksum.
/// </summary>
internal sealed class NpzTensor : NamedTensor, IDisposable
{
    private const int SkippedAtOnce = 1 << 13;

    private readonly ZipArchiveEntry _entry;
    private readonly NpyDescription _description;
    private readonly Crc32 _crc = new();
    private Stream? _stream;
    private long _position;

    /// <summary>An array.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="file">The zip.</param>
    /// <param name="entry">Its member.</param>
    /// <param name="description">What its head says.</param>
    public NpzTensor(string name, string file, ZipArchiveEntry entry, NpyDescription description)
        : base(name, file, description.ElementType, description.Shape, description.ByteLength)
    {
        _entry = entry;
        _description = description;
    }

    /// <inheritdoc/>
    public override void Read(long byteOffset, Span<byte> destination)
    {
        if (destination.IsEmpty)
        {
            return;
        }

        try
        {
            Seek(_description.HeadLength + byteOffset);
            Take(destination);
        }
        catch (Exception exception) when (NumpyTensors.IsDamage(exception) || FileFailure.Is(exception))
        {
            throw NumpyTensors.Damaged(File, _entry.FullName, exception);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _stream?.Dispose();

    private void Seek(long position)
    {
        if (_stream is null || position < _position)
        {
            _stream?.Dispose();
            _stream = _entry.Open();
            _position = 0;
            _crc.Reset();
        }

        Span<byte> skipped = stackalloc byte[SkippedAtOnce];
        while (_position < position)
        {
            Take(skipped[..(int)Math.Min(SkippedAtOnce, position - _position)]);
        }
    }

    private void Take(Span<byte> destination)
    {
        _stream!.ReadExactly(destination);
        _crc.Append(destination);
        _position += destination.Length;
        if (_position < _entry.Length)
        {
            return;
        }

        // A file may hold many arrays: those that have been read keep nothing.
        _stream.Dispose();
        _stream = null;
        if (_crc.GetCurrentHashAsUInt32() != _entry.Crc32)
        {
            throw new GemmaException("an array's checksum is wrong: the file is damaged", File, Untrusted.Show(_entry.FullName));
        }
    }
}
