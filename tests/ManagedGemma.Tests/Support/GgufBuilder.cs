using System.Buffers.Binary;
using System.Text;
using ManagedGemma.Checkpoints.Gguf;

namespace ManagedGemma.Tests.Support;

/// <summary>Writes GGUF files, sound ones and others, from the format's specification.</summary>
internal sealed class GgufBuilder
{
    private const int Alignment = 32;
    private readonly List<(string Key, byte[] Value)> _values = [];
    private readonly List<(string Name, GgufType Type, long[] Shape, byte[] Data)> _tensors = [];

    public uint Version { get; init; } = 3;

    /// <summary>The metadata of a decoder with one layer and every size 32 or less; no tensors.</summary>
    public static GgufBuilder Tiny() => new GgufBuilder()
        .Add("general.architecture", "gemma3")
        .Add("gemma3.context_length", 128u)
        .Add("gemma3.embedding_length", 32u)
        .Add("gemma3.block_count", 1u)
        .Add("gemma3.feed_forward_length", 64u)
        .Add("gemma3.attention.head_count", 2u)
        .Add("gemma3.attention.head_count_kv", 1u)
        .Add("gemma3.attention.key_length", 16u)
        .Add("gemma3.attention.value_length", 16u)
        .Add("gemma3.attention.layer_norm_rms_epsilon", 1e-6f)
        .Add("gemma3.attention.sliding_window", 16u)
        .Add("gemma3.rope.freq_base", 1e6f);

    /// <summary>A file's metadata and tensors, to be changed.</summary>
    public static unsafe GgufBuilder From(string path)
    {
        using GgufFile file = GgufFile.Open(path);
        GgufBuilder builder = new();
        byte[] bytes = File.ReadAllBytes(path);
        foreach ((string key, GgufValue value) in file.Header.Values)
        {
            long begin = value.Offset - (value.Type == GgufValueType.Text ? 8 : value.Type == GgufValueType.Array ? 12 : 0), end = value.Offset;
            for (long i = 0; i < value.Count && value.Type == GgufValueType.Array && value.ElementType == GgufValueType.Text; i++)
            {
                end += 8 + BinaryPrimitives.ReadInt64LittleEndian(bytes.AsSpan((int)end));
            }

            end += value.ElementType == GgufValueType.Text ? value.Type == GgufValueType.Text ? value.Count : 0 : value.Count * GgufValue.SizeOf(value.ElementType);
            builder._values.Add((key, [.. Bytes((uint)value.Type), .. bytes[(int)begin..(int)end]]));
        }

        foreach (GgufTensor tensor in file.Header.Tensors)
        {
            builder.Tensor(tensor.Name, tensor.Type, [.. tensor.Shape], bytes[(int)tensor.Offset..(int)(tensor.Offset + tensor.ByteLength)]);
        }

        return builder;
    }

    public GgufBuilder Add(string key, uint value) => Raw(key, GgufValueType.U32, Bytes(value));

    public GgufBuilder Add(string key, float value) => Raw(key, GgufValueType.F32, BitConverter.GetBytes(value));

    public GgufBuilder Add(string key, bool value) => Raw(key, GgufValueType.Bool, [value ? (byte)1 : (byte)0]);

    public GgufBuilder Add(string key, string value) => Raw(key, GgufValueType.Text, Text(value));

    public GgufBuilder Add(string key, IReadOnlyList<bool> values) => Array(key, GgufValueType.Bool, values.Count, [.. values.Select(x => x ? (byte)1 : (byte)0)]);

    public GgufBuilder Add(string key, IReadOnlyList<int> values) => Array(key, GgufValueType.I32, values.Count, [.. values.SelectMany(BitConverter.GetBytes)]);

    public GgufBuilder Add(string key, IReadOnlyList<float> values) => Array(key, GgufValueType.F32, values.Count, [.. values.SelectMany(BitConverter.GetBytes)]);

    public GgufBuilder Add(string key, IReadOnlyList<string> values) => Array(key, GgufValueType.Text, values.Count, [.. values.SelectMany(Text)]);

    public GgufBuilder Raw(string key, GgufValueType type, byte[] value)
    {
        _values.RemoveAll(x => x.Key == key);
        _values.Add((key, [.. Bytes((uint)type), .. value]));
        return this;
    }

    public GgufBuilder Remove(string key)
    {
        Assert.Equal(1, _values.RemoveAll(x => x.Key == key));
        return this;
    }

    /// <summary>Drops all metadata: what the later parts of a split model have.</summary>
    public GgufBuilder WithoutValues()
    {
        _values.Clear();
        return this;
    }

    /// <summary>Keeps some of the tensors, by their number.</summary>
    public GgufBuilder Keep(Func<int, bool> choose)
    {
        List<(string, GgufType, long[], byte[])> kept = [.. _tensors.Where((_, i) => choose(i))];
        _tensors.Clear();
        _tensors.AddRange(kept);
        return this;
    }

    /// <summary>Adds a tensor.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="type">Its type.</param>
    /// <param name="shape">In weights, slowest first.</param>
    /// <param name="data">Its bytes; null: zeros.</param>
    public GgufBuilder Tensor(string name, GgufType type, long[] shape, byte[]? data = null)
    {
        long bytes = shape.Aggregate(1L, (a, b) => a * b) / type.BlockLength() * type.BlockBytes();
        _tensors.RemoveAll(x => x.Name == name);
        _tensors.Add((name, type, shape, data ?? new byte[bytes]));
        return this;
    }

    public byte[] ToArray()
    {
        using MemoryStream stream = new();
        using BinaryWriter writer = new(stream);
        writer.Write("GGUF"u8);
        writer.Write(Version);
        writer.Write((ulong)_tensors.Count);
        writer.Write((ulong)_values.Count);
        foreach ((string key, byte[] value) in _values)
        {
            writer.Write(Text(key));
            writer.Write(value);
        }

        ulong offset = 0;
        foreach ((string name, GgufType type, long[] shape, byte[] data) in _tensors)
        {
            writer.Write(Text(name));
            writer.Write((uint)shape.Length);
            foreach (long dimension in shape.Reverse())
            {
                writer.Write(dimension);
            }

            writer.Write((uint)type);
            writer.Write(offset);
            offset += (ulong)((data.Length + Alignment - 1) / Alignment * Alignment);
        }

        foreach ((_, _, _, byte[] data) in _tensors)
        {
            writer.Write(new byte[-stream.Length & (Alignment - 1)]);
            writer.Write(data);
        }

        writer.Flush();
        return stream.ToArray();
    }

    public string Write(string path)
    {
        File.WriteAllBytes(path, ToArray());
        return path;
    }

    private GgufBuilder Array(string key, GgufValueType type, int count, byte[] elements) =>
        Raw(key, GgufValueType.Array, [.. Bytes((uint)type), .. BitConverter.GetBytes((ulong)count), .. elements]);

    private static byte[] Bytes(uint value) => BitConverter.GetBytes(value);

    private static byte[] Text(string text) => [.. BitConverter.GetBytes((ulong)Encoding.UTF8.GetByteCount(text)), .. Encoding.UTF8.GetBytes(text)];
}
