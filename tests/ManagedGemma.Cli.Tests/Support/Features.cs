using System.Runtime.InteropServices;
using ManagedGemma.Checkpoints;

namespace ManagedGemma.Cli.Tests.Support;

/// <summary>Reads what <c>encode</c> wrote.</summary>
internal sealed class Features : IDisposable
{
    private readonly SafetensorsFile _file;

    public Features(string path) => _file = SafetensorsFile.Open(path);

    public IReadOnlyDictionary<string, string> Metadata => _file.Header.Metadata;

    public string[] Names => [.. _file.Tensors.Select(x => x.Name)];

    public TensorView this[string name] => _file.Tensor(name);

    public float[] Floats(string name) => _file.Tensor(name).ToSingles();

    public long[] Integers(string name)
    {
        TensorView tensor = _file.Tensor(name);
        Assert.Equal(ElementType.I64, tensor.ElementType);
        long[] values = new long[tensor.ElementCount];
        tensor.CopyTo(0, MemoryMarshal.AsBytes(values.AsSpan()));
        return values;
    }

    public void Dispose() => _file.Dispose();
}
