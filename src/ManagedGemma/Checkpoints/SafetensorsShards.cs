using System.Buffers;
using System.Globalization;
using System.Text.Json;

namespace ManagedGemma.Checkpoints;

/// <summary>How tensors fall into files: as mlx-lm cuts and names them, and its index of them.</summary>
internal sealed class SafetensorsShards
{
    private readonly List<SafetensorsShard> _shards = [];

    /// <summary>Cuts.</summary>
    /// <param name="tensors">All tensors, in order; at least one.</param>
    /// <param name="limit">A file is ended before a tensor that would bring its tensors' bytes above this; a larger tensor is alone.</param>
    /// <param name="parameters">Weights in all, for the index.</param>
    public SafetensorsShards(IReadOnlyList<SafetensorsSpec> tensors, long limit, long parameters)
    {
        List<List<SafetensorsSpec>> files = [[]];
        long bytes = 0;
        foreach (SafetensorsSpec tensor in tensors)
        {
            if (files[^1].Count > 0 && bytes + tensor.ByteLength > limit)
            {
                files.Add([]);
                bytes = 0;
            }

            files[^1].Add(tensor);
            bytes += tensor.ByteLength;
            TensorBytes += tensor.ByteLength;
        }

        for (int i = 0; i < files.Count; i++)
        {
            string name = files.Count == 1
                ? "model.safetensors"
                : string.Create(CultureInfo.InvariantCulture, $"model-{i + 1:00000}-of-{files.Count:00000}.safetensors");
            _shards.Add(new SafetensorsShard(name, files[i], SafetensorsLayout.Create(files[i], Metadata).FileLength));
        }

        Index = WriteIndex(parameters);
    }

    /// <summary>What says in a header that names and layouts are MLX's.</summary>
    public static IReadOnlyDictionary<string, string> Metadata { get; } = new Dictionary<string, string> { ["format"] = "mlx" };

    /// <summary>Files.</summary>
    public int Count => _shards.Count;

    /// <summary>Bytes of all tensors.</summary>
    public long TensorBytes { get; }

    /// <summary>Bytes of all files, the index included.</summary>
    public long FileBytes => _shards.Sum(x => x.FileLength) + Index.Length;

    /// <summary>The index's text.</summary>
    public byte[] Index { get; }

    /// <summary>A file.</summary>
    public SafetensorsShard this[int shard] => _shards[shard];

    private byte[] WriteIndex(long parameters)
    {
        ArrayBufferWriter<byte> buffer = new();
        using (Utf8JsonWriter json = new(buffer, new JsonWriterOptions { Indented = true, IndentSize = 4, NewLine = "\n" }))
        {
            json.WriteStartObject();
            json.WriteStartObject("metadata"u8);
            json.WriteNumber("total_size"u8, TensorBytes);
            json.WriteNumber("total_parameters"u8, parameters);
            json.WriteEndObject();
            json.WriteStartObject("weight_map"u8);
            foreach ((string tensor, string file) in _shards
                .SelectMany(shard => shard.Tensors, (shard, tensor) => (tensor.Name, shard.Name))
                .OrderBy(x => x.Item1, StringComparer.Ordinal))
            {
                json.WriteString(tensor, file);
            }

            json.WriteEndObject();
            json.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }
}
