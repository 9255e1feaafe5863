using ManagedGemma.Checkpoints;

namespace ManagedGemma.Comparison.Sources;

/// <summary>The tensors of a safetensors file.</summary>
public sealed class SafetensorsTensors : INamedTensors
{
    private readonly SafetensorsFile _file;

    private SafetensorsTensors(SafetensorsFile file)
    {
        _file = file;
        Tensors = [.. file.Tensors.Select(x => new ViewTensor(x))];
    }

    /// <inheritdoc/>
    public string Path => _file.Path;

    /// <inheritdoc/>
    public IReadOnlyList<NamedTensor> Tensors { get; }

    /// <inheritdoc/>
    public IReadOnlyDictionary<string, string> Metadata => _file.Header.Metadata;

    /// <summary>Opens a file and validates its header.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="GemmaException">The file cannot be mapped or is not a valid safetensors file.</exception>
    public static SafetensorsTensors Open(string path) => new(SafetensorsFile.Open(path));

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();
}
