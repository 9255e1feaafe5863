using System.Text.Json.Nodes;
using ManagedGemma.Checkpoints;

namespace ManagedGemma.Ltx.Tests.Support;

/// <summary>A copy of a fixture's checkpoint with something changed.</summary>
internal sealed class EditedCheckpoint
{
    private readonly Dictionary<string, (ElementType Type, long[] Shape, byte[] Data)> _tensors = new(StringComparer.Ordinal);

    public EditedCheckpoint(string version)
    {
        using SafetensorsFile file = SafetensorsFile.Open(LtxFixture.Checkpoint(version));
        foreach (TensorView tensor in file.Tensors)
        {
            byte[] data = new byte[tensor.ByteLength];
            tensor.CopyTo(0, data);
            _tensors[tensor.Name] = (tensor.ElementType, [.. tensor.Shape], data);
        }

        Metadata = new Dictionary<string, string>(file.Header.Metadata);
        Config = JsonNode.Parse(Metadata["config"])!["transformer"]!.AsObject();
    }

    public Dictionary<string, string> Metadata { get; }

    /// <summary>The metadata's transformer section.</summary>
    public JsonObject Config { get; }

    public IEnumerable<string> Names => _tensors.Keys.ToArray();

    public void Remove(string name) => Assert.True(_tensors.Remove(name));

    public float[] Values(string name)
    {
        (ElementType type, _, byte[] data) = _tensors[name];
        float[] values = new float[data.Length / type.ByteSize()];
        ElementConversion.ToSingles(data, type, values);
        return values;
    }

    public void SetValue(string name, int index, float value)
    {
        (ElementType type, _, byte[] data) = _tensors[name];
        ElementConversion.FromSingles([value], type, data.AsSpan(index * type.ByteSize(), type.ByteSize()));
    }

    public void Set(string name, ElementType type, long[] shape, byte[] data) => _tensors[name] = (type, shape, data);

    public void Set(string name, ElementType type, long[] shape, float[] values)
    {
        byte[] data = new byte[values.Length * type.ByteSize()];
        ElementConversion.FromSingles(values, type, data);
        Set(name, type, shape, data);
    }

    public long[] Shape(string name) => _tensors[name].Shape;

    public string Save(string path)
    {
        Dictionary<string, string> metadata = new(Metadata);
        if (metadata.TryGetValue("config", out string? config) && config.StartsWith('{'))
        {
            metadata["config"] = new JsonObject { ["transformer"] = Config.DeepClone() }.ToJsonString();
        }

        using SafetensorsWriter writer = SafetensorsWriter.Create(
            path, _tensors.Select(x => new SafetensorsSpec(x.Key, x.Value.Type, x.Value.Shape)), metadata);
        foreach ((string name, (_, _, byte[] data)) in _tensors)
        {
            writer.Begin(name);
            writer.Write(data);
        }

        writer.Complete();
        return path;
    }
}
