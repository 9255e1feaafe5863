using System.Buffers;
using System.Buffers.Binary;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace ManagedGemma.Checkpoints;

/// <summary>The header of a file that is to be written, and where each tensor's data will lie.</summary>
internal sealed class SafetensorsLayout
{
    private const string MetadataKey = "__metadata__";

    private SafetensorsLayout(byte[] head, IReadOnlyList<SafetensorsTensor> tensors, long fileLength)
    {
        Head = head;
        Tensors = tensors;
        FileLength = fileLength;
    }

    /// <summary>The file's first bytes: length and JSON, padded with spaces so that the data begins at a multiple of eight.</summary>
    public byte[] Head { get; }

    /// <summary>The tensors in the order of their data, without gaps.</summary>
    public IReadOnlyList<SafetensorsTensor> Tensors { get; }

    public long FileLength { get; }

    /// <summary>Lays tensors out in the order given.</summary>
    /// <exception cref="ArgumentException">A name is used twice or reserved, a dimension negative, or the whole larger than 2^63 - 1 bytes.</exception>
    public static SafetensorsLayout Create(IEnumerable<SafetensorsSpec> specs, IReadOnlyDictionary<string, string>? metadata)
    {
        List<(SafetensorsSpec Spec, long Begin, long End)> placed = [];
        HashSet<string> names = new(StringComparer.Ordinal) { MetadataKey };
        long end = 0;
        foreach (SafetensorsSpec spec in specs)
        {
            if (!names.Add(spec.Name))
            {
                throw new ArgumentException($"The tensor name {spec.Name} is used twice or reserved.", nameof(specs));
            }

            long begin = end;
            end = checked(begin + spec.ByteLength);
            placed.Add((spec, begin, end));
        }

        byte[] head = WriteHead(placed, metadata);
        return new SafetensorsLayout(
            head,
            [.. placed.Select(x => new SafetensorsTensor(x.Spec.Name, x.Spec.ElementType, x.Spec.Shape, head.Length + x.Begin, x.End - x.Begin))],
            checked(head.Length + end));
    }

    private static byte[] WriteHead(List<(SafetensorsSpec Spec, long Begin, long End)> placed, IReadOnlyDictionary<string, string>? metadata)
    {
        ArrayBufferWriter<byte> buffer = new(1 << 12);
        buffer.Write("        "u8);
        using (Utf8JsonWriter json = new(buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            if (metadata is { Count: > 0 })
            {
                json.WriteStartObject(MetadataKey);
                foreach ((string key, string value) in metadata)
                {
                    json.WriteString(key, value);
                }

                json.WriteEndObject();
            }

            foreach ((SafetensorsSpec spec, long begin, long end) in placed)
            {
                json.WriteStartObject(spec.Name);
                json.WriteString("dtype"u8, spec.ElementType.ToSafetensorsName());
                json.WriteStartArray("shape"u8);
                foreach (long dimension in spec.Shape)
                {
                    json.WriteNumberValue(dimension);
                }

                json.WriteEndArray();
                json.WriteStartArray("data_offsets"u8);
                json.WriteNumberValue(begin);
                json.WriteNumberValue(end);
                json.WriteEndArray();
                json.WriteEndObject();
            }

            json.WriteEndObject();
        }

        int padded = (buffer.WrittenCount + 7) / 8 * 8;
        byte[] head = new byte[padded];
        buffer.WrittenSpan.CopyTo(head);
        head.AsSpan(buffer.WrittenCount).Fill((byte)' ');
        BinaryPrimitives.WriteInt64LittleEndian(head, padded - 8);
        return head;
    }
}
