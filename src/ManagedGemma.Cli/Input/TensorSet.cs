using ManagedGemma.Comparison.Sources;
using ManagedGemma.Ltx.Formats;

namespace ManagedGemma.Cli.Input;

/// <summary>Opens what a user named as a set of tensors. A format is a line here and an <see cref="INamedTensors"/>.</summary>
internal static class TensorSet
{
    /// <summary>Opens it.</summary>
    /// <exception cref="GemmaException">It does not exist, or is not what its name says.</exception>
    public static INamedTensors Open(string path) => Directory.Exists(path) ? DumpTensors.Open(path) : Path.GetExtension(path) switch
    {
        DumpTensors.DataExtension => DumpTensors.Open(path),
        TorchTensors.Extension => TorchTensors.Open(path),
        NumpyTensors.ArrayExtension or NumpyTensors.ZipExtension => NumpyTensors.Open(path),
        _ => SafetensorsTensors.Open(path),
    };
}
