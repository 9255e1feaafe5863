using System.IO.Compression;
using ManagedGemma.Checkpoints;
using ManagedGemma.Ltx.Formats.Torch;

namespace ManagedGemma.Ltx.Formats;

/// <summary>
/// A flat dict of tensors as <c>torch.save</c> writes it, read whole. Nothing in the file is executed: a pickle that holds more than tensors
/// is refused, and memory is bounded by the file's own size.
/// </summary>
public sealed class TorchFile
{
    private readonly Dictionary<string, TorchTensor> _byName;

    private TorchFile(string path, IReadOnlyList<TorchTensor> tensors)
    {
        Path = path;
        Tensors = tensors;
        _byName = tensors.ToDictionary(tensor => tensor.Name, StringComparer.Ordinal);
    }

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>The tensors in the dict's order.</summary>
    public IReadOnlyList<TorchTensor> Tensors { get; }

    /// <summary>Reads a file.</summary>
    /// <param name="path">A *.pt file.</param>
    /// <exception cref="GemmaException">It cannot be read, is damaged, or holds anything but a dict of contiguous tensors.</exception>
    public static TorchFile Open(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        try
        {
            using FileStream stream = new(path, FileMode.Open, FileAccess.Read, FileShare.Read);
            return Read(stream, path);
        }
        catch (Exception exception) when (FileFailure.Is(exception))
        {
            throw FileFailure.Reading(path, exception);
        }
    }

    /// <summary>Reads a file's bytes.</summary>
    /// <param name="stream">Must seek; stays open.</param>
    /// <param name="path">What messages call it.</param>
    /// <exception cref="GemmaException">As for <see cref="Open"/>.</exception>
    public static TorchFile Read(Stream stream, string path)
    {
        ArgumentNullException.ThrowIfNull(stream);
        try
        {
            using ZipArchive zip = new(stream, ZipArchiveMode.Read, leaveOpen: true);
            return new TorchFile(path, new TorchFileReader(zip, path, stream.Length).Tensors());
        }
        catch (Exception exception) when (exception is InvalidDataException or EndOfStreamException or NotSupportedException or ArgumentException)
        {
            throw new GemmaException(
                "not a file of torch.save, or a damaged one", path, expected: "a zip", found: Untrusted.Show(exception.Message), innerException: exception);
        }
    }

    /// <summary>A tensor by name.</summary>
    /// <exception cref="GemmaException">The file does not hold it.</exception>
    public TorchTensor Tensor(string name) =>
        Find(name) ?? throw new GemmaException("missing tensor", Path, Untrusted.Show(name));

    /// <summary>A tensor by name; null when the file does not hold it.</summary>
    public TorchTensor? Find(string name) => _byName.GetValueOrDefault(name);
}
