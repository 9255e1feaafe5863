using ManagedGemma.Comparison.Sources;
using ManagedGemma.Ltx.Formats;

namespace ManagedGemma.Cli.Input;

/// <summary>The tensors of a file of torch.save. It is read whole: such files hold one caption's conditioning.</summary>
internal sealed class TorchTensors : INamedTensors
{
    /// <summary>What such files are called.</summary>
    public const string Extension = ".pt";

    private TorchTensors(TorchFile file)
    {
        Path = file.Path;
        Tensors = [.. file.Tensors.Select(x => new MemoryTensor(x.Name, file.Path, x.ElementType, x.Shape, x.Data))];
    }

    /// <inheritdoc/>
    public string Path { get; }

    /// <inheritdoc/>
    public IReadOnlyList<NamedTensor> Tensors { get; }

    /// <inheritdoc/>
    public IReadOnlyDictionary<string, string> Metadata { get; } = new Dictionary<string, string>();

    /// <summary>Reads a file.</summary>
    /// <exception cref="GemmaException">As for <see cref="TorchFile.Open"/>.</exception>
    public static TorchTensors Open(string path) => new(TorchFile.Open(path));

    /// <inheritdoc/>
    public void Dispose()
    {
    }
}
