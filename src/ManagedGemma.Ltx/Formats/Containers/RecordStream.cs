using System.IO.Hashing;

namespace ManagedGemma.Ltx.Formats.Containers;

/// <summary>Passes a record's data on, counts it and takes its checksum.</summary>
internal sealed class RecordStream(Stream output, long length) : Stream
{
    private readonly Crc32 _crc = new();
    private long _left = length;

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>The checksum of the whole.</summary>
    /// <exception cref="InvalidOperationException">Bytes are missing.</exception>
    public uint Finish() =>
        _left == 0 ? _crc.GetCurrentHashAsUInt32() : throw new InvalidOperationException($"{_left} bytes of the record are missing.");

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        _left -= buffer.Length;
        if (_left < 0)
        {
            throw new InvalidOperationException($"{-_left} bytes more than the record has.");
        }

        _crc.Append(buffer);
        output.Write(buffer);
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();
}
