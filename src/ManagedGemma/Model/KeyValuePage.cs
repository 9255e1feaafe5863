using ManagedGemma.Memory;

namespace ManagedGemma.Model;

/// <summary>
/// One page of <see cref="KeyValues"/>, shared by the sequences that begin alike: counted, freed with its last holder, and written only
/// while it has one. Holders may come and go on any thread.
/// </summary>
internal sealed unsafe class KeyValuePage
{
    private readonly NativeBuffer _buffer;
    private int _holders = 1;

    /// <summary>A page of zeros, held once.</summary>
    public KeyValuePage(long floats)
    {
        _buffer = NativeBuffer.OfFloats(floats);

        // Columns past the last token take part in products whose results are not used: they must be ordinary numbers.
        _buffer.Clear();
    }

    /// <summary>The content.</summary>
    public float* Floats => _buffer.Floats;

    /// <summary>Its size in bytes.</summary>
    public long ByteLength => (long)_buffer.ByteLength;

    /// <summary>Whether others hold it too, so that it must not be written.</summary>
    public bool IsShared => Volatile.Read(ref _holders) > 1;

    /// <summary>Another holder.</summary>
    public KeyValuePage Share()
    {
        Interlocked.Increment(ref _holders);
        return this;
    }

    /// <summary>A page of its own with the same content.</summary>
    public KeyValuePage Copy()
    {
        KeyValuePage copy = new(ByteLength / sizeof(float));
        new ReadOnlySpan<byte>(_buffer.Pointer, (int)ByteLength).CopyTo(new Span<byte>(copy._buffer.Pointer, (int)ByteLength));
        return copy;
    }

    /// <summary>One holder less.</summary>
    public void Release()
    {
        if (Interlocked.Decrement(ref _holders) == 0)
        {
            _buffer.Dispose();
        }
    }
}
