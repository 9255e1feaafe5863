using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using ManagedGemma.Checkpoints;
using ManagedGemma.Ltx.Formats.Containers;

namespace ManagedGemma.Ltx.Formats.Torch;

/// <summary>
/// What <c>torch.save</c> makes of a flat dict of tensors: a zip with the pickle of the dict, a record a tensor, and a few words about itself.
/// </summary>
/// <param name="root">What comes before the records' names; <c>torch.save</c> takes the file's name, or this one where there is none.</param>
internal sealed class TorchContainer(string root = "archive") : ITensorContainer
{
    private const int IdDigits = 20;

    public string Extension => ".pt";

    public long Measure(IReadOnlyList<SafetensorsSpec> tensors, IReadOnlyDictionary<string, string> metadata) => ZipRecords.Measure(
    [
        .. Head(tensors).Select(x => (x.Name, (long)x.Data.Length)),
        .. tensors.Select((x, i) => (DataName(i), x.ByteLength)),
        (VersionName, VersionText.Length),
        (IdName, 2 * IdDigits),
    ]);

    public void Write(
        Stream output, IReadOnlyList<SafetensorsSpec> tensors, IReadOnlyDictionary<string, string> metadata, Action<int, Stream> write)
    {
        ZipRecords zip = new(output);
        foreach ((string name, byte[] data) in Head(tensors))
        {
            zip.Add(name, data);
        }

        for (int i = 0; i < tensors.Count; i++)
        {
            int index = i;
            zip.Add(DataName(i), tensors[i].ByteLength, stream => write(index, stream));
        }

        zip.Add(VersionName, VersionText.ToArray());
        zip.Add(IdName, SerializationId(zip));
        zip.Finish();
    }

    private static ReadOnlySpan<byte> VersionText => "3\n"u8;

    private string VersionName => root + "/version";

    private string IdName => root + "/.data/serialization_id";

    // Two numbers of 20 digits. torch makes them of a hash of all names, which depends on its standard library, and of all checksums;
    // readers only compare whole ids, to tell whether two files are the same.
    private static byte[] SerializationId(ZipRecords zip)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> crc = stackalloc byte[sizeof(uint)];
        foreach ((byte[] name, uint value) in zip.Written)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(crc, value);
            hash.AppendData(name);
            hash.AppendData(crc);
        }

        byte[] digest = hash.GetHashAndReset();
        string first = BinaryPrimitives.ReadUInt64LittleEndian(digest).ToString("D20", CultureInfo.InvariantCulture);
        string second = BinaryPrimitives.ReadUInt64LittleEndian(digest.AsSpan(sizeof(ulong))).ToString("D20", CultureInfo.InvariantCulture);
        return Encoding.ASCII.GetBytes(first + second);
    }

    private string DataName(int index) => $"{root}/data/{index.ToString(CultureInfo.InvariantCulture)}";

    private (string Name, byte[] Data)[] Head(IReadOnlyList<SafetensorsSpec> tensors) =>
    [
        (root + "/data.pkl", TensorDictPickle.Of(tensors)),
        (root + "/.format_version", "1"u8.ToArray()),
        (root + "/.storage_alignment", "64"u8.ToArray()),
        (root + "/byteorder", "little"u8.ToArray()),
    ];
}
