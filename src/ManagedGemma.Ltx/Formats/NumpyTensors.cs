using System.IO.Compression;
using ManagedGemma.Checkpoints;
using ManagedGemma.Comparison.Sources;
using ManagedGemma.Ltx.Formats.Numpy;

namespace ManagedGemma.Ltx.Formats;

/// <summary>
/// The arrays of NumPy's .npy (one, named as the file is) and .npz (a zip of them, stored or deflated), for comparisons. They are read where
/// they lie or unpacked on the way, so memory does not grow with them. For one thread at a time.
/// </summary>
public sealed class NumpyTensors : INamedTensors
{
    /// <summary>What files of one array are called.</summary>
    public const string ArrayExtension = ".npy";

    /// <summary>What zips of arrays are called.</summary>
    public const string ZipExtension = ".npz";

    private readonly List<IDisposable> _open = [];

    private NumpyTensors(string path) => Path = path;

    /// <inheritdoc/>
    public string Path { get; }

    /// <inheritdoc/>
    public IReadOnlyList<NamedTensor> Tensors { get; private set; } = [];

    /// <inheritdoc/>
    public IReadOnlyDictionary<string, string> Metadata { get; } = new Dictionary<string, string>();

    /// <summary>Opens a file, a .npz or else a .npy, and validates all heads.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="GemmaException">
    /// It cannot be read, is damaged, or holds something else than numbers and truth values, little-endian and row by row.
    /// </exception>
    public static NumpyTensors Open(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        NumpyTensors tensors = new(path);
        try
        {
            tensors.Tensors = System.IO.Path.GetExtension(path) == ZipExtension ? tensors.OpenZip() : [tensors.OpenArray()];
            return tensors;
        }
        catch (Exception exception) when (IsDamage(exception))
        {
            tensors.Dispose();
            throw Damaged(path, null, exception);
        }
        catch (Exception exception) when (FileFailure.Is(exception))
        {
            tensors.Dispose();
            throw FileFailure.Reading(path, exception);
        }
        catch
        {
            tensors.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        // Members before their zip.
        for (int i = _open.Count - 1; i >= 0; i--)
        {
            _open[i].Dispose();
        }
    }

    /// <summary>Whether an exception means that a file is not what it should be.</summary>
    internal static bool IsDamage(Exception exception) => exception is InvalidDataException or EndOfStreamException or NotSupportedException;

    /// <summary>What callers see of it.</summary>
    internal static GemmaException Damaged(string path, string? member, Exception exception) => new(
        "not a file of NumPy's, or a damaged one",
        path,
        member is null ? null : Untrusted.Show(member),
        found: Untrusted.Show(exception.Message),
        innerException: exception);

    private ViewTensor OpenArray()
    {
        MappedFile file = MappedFile.Open(Path);
        TensorMemory memory = new(file);
        _open.Add(memory);
        NpyDescription array;
        using (FileStream stream = File.OpenRead(Path))
        {
            array = NpyHeadReader.Read(stream, memory.Length, Path, subject: null);
        }

        string name = System.IO.Path.GetFileNameWithoutExtension(Path);
        return new ViewTensor(new TensorView(name, array.ElementType, array.Shape, memory, array.HeadLength, array.ByteLength));
    }

    private List<NamedTensor> OpenZip()
    {
        FileStream stream = File.OpenRead(Path);
        _open.Add(stream);
        ZipArchive zip = new(stream, ZipArchiveMode.Read, leaveOpen: true);
        _open.Add(zip);
        List<NamedTensor> tensors = [];
        HashSet<string> names = new(StringComparer.Ordinal);
        foreach (ZipArchiveEntry entry in zip.Entries)
        {
            string shown = Untrusted.Show(entry.FullName);
            if (!entry.FullName.EndsWith(ArrayExtension, StringComparison.Ordinal))
            {
                throw new GemmaException("the zip holds something else than arrays", Path, shown, expected: "names that end in .npy");
            }

            if (!names.Add(entry.FullName))
            {
                throw new GemmaException("a name is used twice", Path, shown);
            }

            NpyDescription array;
            using (Stream head = entry.Open())
            {
                array = NpyHeadReader.Read(head, entry.Length, Path, shown);
            }

            NpzTensor tensor = new(entry.FullName[..^ArrayExtension.Length], Path, entry, array);
            tensors.Add(tensor);
            _open.Add(tensor);
        }

        return tensors;
    }
}
