namespace ManagedGemma.Comparison.Sources;

/// <summary>What a comparison reads: tensors with names, wherever they are from. Every format that can be compared is one of these.</summary>
public interface INamedTensors : IDisposable
{
    /// <summary>The file or directory.</summary>
    string Path { get; }

    /// <summary>The tensors; names are unique.</summary>
    IReadOnlyList<NamedTensor> Tensors { get; }

    /// <summary>What the file says of itself; empty where a format has no place for that.</summary>
    IReadOnlyDictionary<string, string> Metadata { get; }
}
