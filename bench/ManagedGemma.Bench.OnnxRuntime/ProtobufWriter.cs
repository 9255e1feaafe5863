using System.Buffers;
using System.Text;

namespace ManagedGemma.Bench.OnnxRuntime;

/// <summary>Writes protobuf messages, as much of the format as an ONNX model needs: varints, bytes, messages within messages.</summary>
internal sealed class ProtobufWriter
{
    private const int Varint = 0, LengthDelimited = 2;

    private readonly ArrayBufferWriter<byte> _buffer = new();

    /// <summary>What has been written.</summary>
    public ReadOnlySpan<byte> Written => _buffer.WrittenSpan;

    /// <summary>An integer or enumeration field.</summary>
    public ProtobufWriter Integer(int field, long value)
    {
        Write((ulong)((field << 3) | Varint));
        Write((ulong)value);
        return this;
    }

    /// <summary>A bytes field.</summary>
    public ProtobufWriter Bytes(int field, ReadOnlySpan<byte> value)
    {
        Write((ulong)((field << 3) | LengthDelimited));
        Write((ulong)value.Length);
        _buffer.Write(value);
        return this;
    }

    /// <summary>A string field.</summary>
    public ProtobufWriter Text(int field, string value) => Bytes(field, Encoding.UTF8.GetBytes(value));

    /// <summary>A message field.</summary>
    public ProtobufWriter Message(int field, Action<ProtobufWriter> write)
    {
        ProtobufWriter inner = new();
        write(inner);
        return Bytes(field, inner.Written);
    }

    private void Write(ulong value)
    {
        for (; value >= 0x80; value >>= 7)
        {
            _buffer.Write([(byte)(value | 0x80)]);
        }

        _buffer.Write([(byte)value]);
    }
}
