using System.Globalization;
using System.Security.Cryptography;
using ManagedGemma.Checkpoints;

namespace ManagedGemma.Caching;

/// <summary>
/// A file of the cache: safetensors with tensors <c>rows.00</c>, <c>rows.01</c>, …, and in its metadata the entry's name and the SHA-256 of
/// all tensors' bytes. It is read, not mapped: what is damaged may also be cut short.
/// </summary>
internal static class CacheEntry
{
    private const string NameKey = "name";
    private const string ChecksumKey = "sha256";
    private static readonly string NoChecksum = new('0', 2 * SHA256.HashSizeInBytes);

    /// <summary>Bytes of an entry.</summary>
    public static long ByteLength(IReadOnlyList<CachedTensor> tensors, string name) =>
        SafetensorsLayout.Create(Specs(tensors), Metadata(name, NoChecksum)).FileLength;

    /// <summary>Writes an entry, which appears whole or not at all.</summary>
    /// <exception cref="GemmaException">It cannot be written.</exception>
    public static void Write(string path, IReadOnlyList<CachedTensor> tensors, string name)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (CachedTensor tensor in tensors)
        {
            hash.AppendData(tensor.Bytes.Span);
        }

        using SafetensorsWriter writer = SafetensorsWriter.Create(path, Specs(tensors), Metadata(name, Convert.ToHexStringLower(hash.GetHashAndReset())));
        for (int i = 0; i < tensors.Count; i++)
        {
            writer.Begin(TensorName(i));
            writer.Write(tensors[i].Bytes.Span);
        }

        writer.Complete();
    }

    /// <summary>Reads an entry and checks every byte.</summary>
    /// <exception cref="GemmaException">It is damaged or another entry's; or, with an inner exception, it cannot be read.</exception>
    public static IReadOnlyList<CachedTensor> Read(string path, string name)
    {
        byte[] file = ReadAll(path);
        SafetensorsHeader header = SafetensorsHeader.Parse(file, file.Length, path);
        string checksum = Convert.ToHexStringLower(SHA256.HashData(file.AsSpan((int)header.DataStart)));
        Require(path, NameKey, name, header.Metadata.GetValueOrDefault(NameKey));
        Require(path, ChecksumKey, checksum, header.Metadata.GetValueOrDefault(ChecksumKey));
        CachedTensor[] tensors = new CachedTensor[header.Tensors.Count];
        for (int i = 0; i < tensors.Length; i++)
        {
            SafetensorsTensor tensor = header.Tensors[i];
            if (tensor.Name != TensorName(i))
            {
                throw new GemmaException("not an entry of this cache", path, Untrusted.Show(tensor.Name));
            }

            // The header's parser holds offsets and lengths against the file.
            tensors[i] = new CachedTensor(tensor.ElementType, tensor.Shape, file.AsMemory((int)tensor.Offset, (int)tensor.ByteLength));
        }

        return tensors;
    }

    private static byte[] ReadAll(string path)
    {
        try
        {
            return File.ReadAllBytes(path);
        }
        catch (Exception exception) when (FileFailure.Is(exception))
        {
            throw FileFailure.Reading(path, exception);
        }
    }

    private static void Require(string path, string key, string expected, string? found)
    {
        if (found != expected)
        {
            throw new GemmaException("the entry is damaged", path, key, expected, found is null ? "nothing" : Untrusted.Show(found));
        }
    }

    private static string TensorName(int index) => "rows." + index.ToString("00", CultureInfo.InvariantCulture);

    private static IEnumerable<SafetensorsSpec> Specs(IReadOnlyList<CachedTensor> tensors) =>
        tensors.Select((tensor, i) => new SafetensorsSpec(TensorName(i), tensor.ElementType, tensor.Shape));

    private static Dictionary<string, string> Metadata(string name, string checksum) => new() { [NameKey] = name, [ChecksumKey] = checksum };
}
