using System.IO.Compression;
using System.IO.Hashing;
using ManagedGemma.Checkpoints;

namespace ManagedGemma.Ltx.Formats.Torch;

/// <summary>Reads the tensors of a <c>torch.save</c> zip, all of whose sizes may be lies.</summary>
internal sealed class TorchFileReader
{
    private const int LongestPickle = 1 << 20, LongestWord = 16;
    private const string Pickle = "/data.pkl";

    private readonly string _path;
    private readonly Dictionary<string, ZipArchiveEntry> _records = new(StringComparer.Ordinal);
    private readonly Dictionary<string, (byte[] Data, ElementType Type)> _storages = new(StringComparer.Ordinal);
    private readonly string _root;

    // Records are stored and do not overlap in files that torch wrote, so all together are no longer than the file.
    private long _left;

    /// <summary>Finds the records.</summary>
    /// <param name="zip">The archive.</param>
    /// <param name="path">For messages.</param>
    /// <param name="length">Bytes of the file.</param>
    public TorchFileReader(ZipArchive zip, string path, long length)
    {
        _path = path;
        _left = length;
        foreach (ZipArchiveEntry entry in zip.Entries)
        {
            if (!_records.TryAdd(entry.FullName, entry))
            {
                throw new GemmaException("a record's name is used twice", path, Untrusted.Show(entry.FullName));
            }
        }

        string[] pickles = [.. _records.Keys.Where(name => name.EndsWith(Pickle, StringComparison.Ordinal) && name.IndexOf('/') == name.Length - Pickle.Length)];
        _root = pickles is [string pickle]
            ? pickle[..^Pickle.Length]
            : throw new GemmaException("not a file of torch.save", path, "data.pkl", "one", $"{pickles.Length}");
    }

    /// <summary>The tensors.</summary>
    public List<TorchTensor> Tensors()
    {
        if (_records.TryGetValue(_root + "/byteorder", out ZipArchiveEntry? order) && !Content(order, LongestWord).AsSpan().SequenceEqual("little"u8))
        {
            throw new GemmaException("the tensors' bytes are in another order", _path, "byteorder", "little");
        }

        PickleValue.Dict dict = PickleReader.Read(Content(_records[_root + Pickle], LongestPickle), _path);
        return
        [
            .. dict.Items.Select(item =>
                new TorchTensor(_path, item.Key, item.Value.Elements.Type, item.Value.Shape, Elements(item.Key, item.Value))),
        ];
    }

    private ReadOnlyMemory<byte> Elements(string name, PickleValue.Tensor tensor)
    {
        PickleValue.Storage elements = tensor.Elements;
        (byte[] data, ElementType type) = Storage(elements);
        int size = elements.Type.ByteSize();
        if (elements.Type != type || elements.Count > data.Length || elements.Count * size != data.Length)
        {
            throw new GemmaException(
                "a tensor's record has another length than the pickle says",
                _path,
                Untrusted.Show(name),
                $"{elements.Count} elements of {elements.Type}",
                $"{data.Length} bytes of {type}");
        }

        long count = Count(name, tensor);
        if (tensor.Offset > elements.Count || count > elements.Count - tensor.Offset)
        {
            throw new GemmaException(
                "a tensor leaves its record",
                _path,
                Untrusted.Show(name),
                $"{elements.Count} elements",
                $"shape {Untrusted.Show(tensor.Shape)} from element {tensor.Offset}");
        }

        return data.AsMemory((int)tensor.Offset * size, (int)count * size);
    }

    // Elements of a contiguous tensor; those of one that is larger than its storage are not counted to the end.
    private long Count(string name, PickleValue.Tensor tensor)
    {
        long most = tensor.Elements.Count, count = 1;
        bool isContiguous = tensor.Shape.Length == tensor.Strides.Length;
        for (int i = tensor.Shape.Length - 1; i >= 0 && isContiguous; i--)
        {
            isContiguous = tensor.Shape[i] <= 1 || tensor.Strides[i] == count;
            count = tensor.Shape[i] <= most && count <= most ? count * tensor.Shape[i] : long.MaxValue;
        }

        return isContiguous
            ? count
            : throw new GemmaException(
                "a tensor is not contiguous",
                _path,
                Untrusted.Show(name),
                $"shape {Untrusted.Show(tensor.Shape)} row by row",
                $"strides {Untrusted.Show(tensor.Strides)}");
    }

    private (byte[] Data, ElementType Type) Storage(PickleValue.Storage elements)
    {
        if (!_storages.TryGetValue(elements.Key, out (byte[] Data, ElementType Type) storage))
        {
            string record = $"{_root}/data/{elements.Key}";
            storage = _records.TryGetValue(record, out ZipArchiveEntry? entry)
                ? (Content(entry, Array.MaxLength), elements.Type)
                : throw new GemmaException("a tensor's record is missing", _path, Untrusted.Show(record));
            _storages.Add(elements.Key, storage);
        }

        return storage;
    }

    private byte[] Content(ZipArchiveEntry entry, int most)
    {
        if (entry.CompressedLength != entry.Length)
        {
            throw new GemmaException("a record is compressed, which torch.save never does", _path, Untrusted.Show(entry.FullName));
        }

        long limit = Math.Min(most, _left);
        if (entry.Length > limit)
        {
            throw new GemmaException("a record is too large", _path, Untrusted.Show(entry.FullName), $"at most {limit} bytes", $"{entry.Length}");
        }

        _left -= entry.Length;
        byte[] content = new byte[entry.Length];
        using (Stream stream = entry.Open())
        {
            stream.ReadExactly(content);
        }

        return Crc32.HashToUInt32(content) == entry.Crc32
            ? content
            : throw new GemmaException("a record's checksum is wrong: the file is damaged", _path, Untrusted.Show(entry.FullName));
    }
}
