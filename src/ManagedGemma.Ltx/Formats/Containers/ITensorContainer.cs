using ManagedGemma.Checkpoints;

namespace ManagedGemma.Ltx.Formats.Containers;

/// <summary>A kind of file that holds tensors.</summary>
internal interface ITensorContainer
{
    /// <summary>With its dot.</summary>
    string Extension { get; }

    /// <summary>Bytes of a file.</summary>
    /// <param name="tensors">What it holds, in order.</param>
    /// <param name="metadata">Free text, where the container takes any.</param>
    long Measure(IReadOnlyList<SafetensorsSpec> tensors, IReadOnlyDictionary<string, string> metadata);

    /// <summary>Writes a file from its first byte to its last; nothing is sought.</summary>
    /// <param name="output">Takes the bytes.</param>
    /// <param name="tensors">What it holds, in order.</param>
    /// <param name="metadata">Free text, where the container takes any.</param>
    /// <param name="write">Writes the elements of a tensor by its place in the list, exactly as many bytes as its shape has.</param>
    void Write(
        Stream output, IReadOnlyList<SafetensorsSpec> tensors, IReadOnlyDictionary<string, string> metadata, Action<int, Stream> write);
}
