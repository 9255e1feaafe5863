using ManagedGemma.Checkpoints;

namespace ManagedGemma.Ltx.Formats.Containers;

/// <summary>safetensors.</summary>
internal sealed class SafetensorsContainer : ITensorContainer
{
    public string Extension => ".safetensors";

    public long Measure(IReadOnlyList<SafetensorsSpec> tensors, IReadOnlyDictionary<string, string> metadata) =>
        SafetensorsLayout.Create(tensors, metadata).FileLength;

    public void Write(
        Stream output, IReadOnlyList<SafetensorsSpec> tensors, IReadOnlyDictionary<string, string> metadata, Action<int, Stream> write)
    {
        // The layout leaves no gaps, so the tensors follow each other.
        output.Write(SafetensorsLayout.Create(tensors, metadata).Head);
        for (int i = 0; i < tensors.Count; i++)
        {
            write(i, output);
        }
    }
}
