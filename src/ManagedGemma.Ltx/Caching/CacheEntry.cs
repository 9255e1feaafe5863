using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using ManagedGemma.Checkpoints;

namespace ManagedGemma.Ltx.Caching;

/// <summary>
/// A file of the cache: safetensors with float32 tensors <c>rows.0</c>, <c>rows.1</c>, …, and in its metadata the entry's name and the
/// SHA-256 of all tensors' bytes. It is read, not mapped: what is damaged may also be cut short.
/// </summary>
internal static class CacheEntry
{
    private const string NameKey = "name";
    private const string ChecksumKey = "sha256";
    private static readonly string NoChecksum = new('0', 2 * SHA256.HashSizeInBytes);

    /// <summary>Bytes of an entry.</summary>
    public static long ByteLength(IReadOnlyList<EmbeddingRows> rows, string name) =>
        SafetensorsLayout.Create(Specs(rows), Metadata(name, NoChecksum)).FileLength;

    /// <summary>Writes an entry, which appears whole or not at all.</summary>
    /// <exception cref="GemmaException">It cannot be written.</exception>
    public static void Write(string path, IReadOnlyList<EmbeddingRows> rows, string name)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (EmbeddingRows tensor in rows)
        {
            hash.AppendData(Bytes(tensor));
        }

        using SafetensorsWriter writer = SafetensorsWriter.Create(path, Specs(rows), Metadata(name, Convert.ToHexStringLower(hash.GetHashAndReset())));
        for (int i = 0; i < rows.Count; i++)
        {
            writer.Begin(TensorName(i));
            writer.Write(Bytes(rows[i]));
        }

        writer.Complete();
    }

    /// <summary>Reads an entry and checks every byte.</summary>
    /// <exception cref="GemmaException">It is damaged or another entry's; or, with an inner exception, it cannot be read.</exception>
    public static IReadOnlyList<EmbeddingRows> Read(string path, string name)
    {
        byte[] file = ReadAll(path);
        SafetensorsHeader header = SafetensorsHeader.Parse(file, file.Length, path);
        string checksum = Convert.ToHexStringLower(SHA256.HashData(file.AsSpan((int)header.DataStart)));
        Require(path, NameKey, name, header.Metadata.GetValueOrDefault(NameKey));
        Require(path, ChecksumKey, checksum, header.Metadata.GetValueOrDefault(ChecksumKey));
        EmbeddingRows[] rows = new EmbeddingRows[header.Tensors.Count];
        for (int i = 0; i < rows.Length; i++)
        {
            SafetensorsTensor tensor = header.Tensors[i];
            if (tensor.Name != TensorName(i) || tensor.ElementType != ElementType.F32 || tensor.Shape is not [<= int.MaxValue and var count, > 0 and <= int.MaxValue and var width])
            {
                throw new GemmaException("not an entry of this cache", path, Untrusted.Show(tensor.Name));
            }

            // The header's parser holds offsets and lengths against the file.
            float[] values = new float[tensor.ByteLength / sizeof(float)];
            file.AsSpan((int)tensor.Offset, (int)tensor.ByteLength).CopyTo(MemoryMarshal.AsBytes(values.AsSpan()));
            rows[i] = new EmbeddingRows((int)count, (int)width, values);
        }

        return rows;
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

    private static IEnumerable<SafetensorsSpec> Specs(IReadOnlyList<EmbeddingRows> rows) =>
        rows.Select((tensor, i) => new SafetensorsSpec(TensorName(i), ElementType.F32, tensor.Count, tensor.Width));

    private static Dictionary<string, string> Metadata(string name, string checksum) => new() { [NameKey] = name, [ChecksumKey] = checksum };

    private static ReadOnlySpan<byte> Bytes(EmbeddingRows rows) => MemoryMarshal.AsBytes(rows.Values.Span);
}
