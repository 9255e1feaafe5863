using ManagedGemma.Checkpoints;

namespace ManagedGemma.Ltx.Formats.Containers;

/// <summary>NumPy's .npy: one array.</summary>
internal sealed class NpyContainer : ITensorContainer
{
    public string Extension => ".npy";

    public long Measure(IReadOnlyList<SafetensorsSpec> tensors, IReadOnlyDictionary<string, string> metadata) =>
        NpyHeader.Of(tensors[0]).Length + tensors[0].ByteLength;

    public void Write(
        Stream output, IReadOnlyList<SafetensorsSpec> tensors, IReadOnlyDictionary<string, string> metadata, Action<int, Stream> write)
    {
        output.Write(NpyHeader.Of(tensors[0]));
        write(0, output);
    }
}
