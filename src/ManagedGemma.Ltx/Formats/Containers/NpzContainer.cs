using ManagedGemma.Checkpoints;

namespace ManagedGemma.Ltx.Formats.Containers;

/// <summary>NumPy's .npz: a zip of arrays, stored, the tensor's name and <c>.npy</c> for a name.</summary>
internal sealed class NpzContainer : ITensorContainer
{
    public string Extension => ".npz";

    public long Measure(IReadOnlyList<SafetensorsSpec> tensors, IReadOnlyDictionary<string, string> metadata) =>
        ZipRecords.Measure(tensors.Select(x => (NameOf(x), NpyHeader.Of(x).Length + x.ByteLength)));

    public void Write(
        Stream output, IReadOnlyList<SafetensorsSpec> tensors, IReadOnlyDictionary<string, string> metadata, Action<int, Stream> write)
    {
        ZipRecords zip = new(output);
        for (int i = 0; i < tensors.Count; i++)
        {
            int index = i;
            byte[] header = NpyHeader.Of(tensors[i]);
            zip.Add(NameOf(tensors[i]), header.Length + tensors[i].ByteLength, stream =>
            {
                stream.Write(header);
                write(index, stream);
            });
        }

        zip.Finish();
    }

    private static string NameOf(SafetensorsSpec tensor) => tensor.Name + ".npy";
}
