using System.Buffers.Binary;
using System.Text;
using ManagedGemma.Checkpoints;

namespace ManagedGemma.Ltx.Formats.Containers;

/// <summary>
/// Writes a zip of stored records as PyTorch does (<c>caffe2/serialize/inline_container.cc</c> over miniz), byte for byte: data at
/// multiples of 64, filled up by an extra field <c>FB</c>; sizes and checksum behind the data, so that nothing is sought; an end record
/// in both widths. No times, no attributes: the same records give the same bytes.
/// </summary>
internal sealed class ZipRecords(Stream output)
{
    private const int Alignment = 64, LocalLength = 30, ExtraHead = 4, DescriptorLength = 16, CentralLength = 46, EndLength = 56 + 20 + 22;

    // UTF-8 names, sizes behind the data.
    private const ushort Flags = 0x0808;

    private const uint LocalSignature = 0x04034B50, DescriptorSignature = 0x08074B50, CentralSignature = 0x02014B50;
    private const uint End64Signature = 0x06064B50, Locator64Signature = 0x07064B50, EndSignature = 0x06054B50;
    private const ushort VersionOf64 = 45;

    private readonly List<(byte[] Name, uint Crc, uint Size, uint Offset)> _records = [];
    private long _position;

    /// <summary>Names and checksums of what was written.</summary>
    public IEnumerable<(byte[] Name, uint Crc)> Written => _records.Select(record => (record.Name, record.Crc));

    /// <summary>Bytes of a file.</summary>
    /// <param name="records">Its records in order.</param>
    public static long Measure(IEnumerable<(string Name, long Length)> records)
    {
        long position = 0, directory = 0;
        foreach ((string name, long length) in records)
        {
            int nameLength = Encoding.UTF8.GetByteCount(name);
            position = DataStart(position, nameLength) + length + DescriptorLength;
            directory += CentralLength + nameLength;
        }

        return position + directory + EndLength;
    }

    /// <summary>Writes a record.</summary>
    public void Add(string name, byte[] data) => Add(name, data.Length, stream => stream.Write(data));

    /// <summary>Writes a record.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="length">Bytes of its data.</param>
    /// <param name="write">Writes the data, exactly that many bytes.</param>
    /// <exception cref="GemmaException">It does not fit the 4 GiB that a record of this kind may have.</exception>
    public void Add(string name, long length, Action<Stream> write)
    {
        byte[] nameBytes = Encoding.UTF8.GetBytes(name);
        long start = DataStart(_position, nameBytes.Length), offset = _position;
        if (start + length > uint.MaxValue)
        {
            throw new GemmaException("too large for this format", subject: name, expected: "a file below 4 GiB", found: $"{start + length} bytes");
        }

        WriteLocal(nameBytes, (int)(start - offset) - LocalLength - nameBytes.Length);
        RecordStream data = new(output, length);
        write(data);
        uint crc = data.Finish();
        Span<byte> descriptor = stackalloc byte[DescriptorLength];
        new Fields(descriptor).U32(DescriptorSignature).U32(crc).U32((uint)length).U32((uint)length);
        output.Write(descriptor);
        _records.Add((nameBytes, crc, (uint)length, (uint)offset));
        _position = start + length + DescriptorLength;
    }

    /// <summary>Writes the directory.</summary>
    public void Finish()
    {
        long start = _position;
        byte[] head = new byte[CentralLength];
        foreach ((byte[] name, uint crc, uint size, uint offset) in _records)
        {
            new Fields(head).U32(CentralSignature).U16(0).U16(0).U16(Flags).U16(0).U32(0).U32(crc).U32(size).U32(size)
                .U16((ushort)name.Length).U16(0).U16(0).U16(0).U16(0).U32(0).U32(offset);
            output.Write(head);
            output.Write(name);
            _position += CentralLength + name.Length;
        }

        ulong count = (ulong)_records.Count, length = (ulong)(_position - start);
        byte[] end = new byte[EndLength];
        new Fields(end)
            .U32(End64Signature).U64(56 - 12).U16(0x031E).U16(VersionOf64).U32(0).U32(0).U64(count).U64(count).U64(length).U64((ulong)start)
            .U32(Locator64Signature).U32(0).U64((ulong)_position).U32(1)
            .U32(EndSignature).U16(0).U16(0).U16((ushort)count).U16((ushort)count).U32((uint)length).U32((uint)start).U16(0);
        output.Write(end);
    }

    private static long DataStart(long position, int nameLength)
    {
        long unpadded = position + LocalLength + nameLength + ExtraHead;
        return (unpadded + Alignment - 1) / Alignment * Alignment;
    }

    private void WriteLocal(byte[] name, int extra)
    {
        byte[] head = new byte[LocalLength + name.Length + extra];
        head.AsSpan(LocalLength + name.Length + ExtraHead).Fill((byte)'Z');
        new Fields(head).U32(LocalSignature).U16(0).U16(Flags).U16(0).U32(0).U32(0).U32(0).U32(0).U16((ushort)name.Length).U16((ushort)extra)
            .Bytes(name).Bytes("FB"u8).U16((ushort)(extra - ExtraHead));
        output.Write(head);
    }

    private readonly ref struct Fields(Span<byte> left)
    {
        private readonly Span<byte> _left = left;

        public Fields U16(ushort value)
        {
            BinaryPrimitives.WriteUInt16LittleEndian(_left, value);
            return new Fields(_left[2..]);
        }

        public Fields U32(uint value)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(_left, value);
            return new Fields(_left[4..]);
        }

        public Fields U64(ulong value)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(_left, value);
            return new Fields(_left[8..]);
        }

        public Fields Bytes(ReadOnlySpan<byte> value)
        {
            value.CopyTo(_left);
            return new Fields(_left[value.Length..]);
        }
    }
}
