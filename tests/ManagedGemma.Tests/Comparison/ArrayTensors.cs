using System.Runtime.InteropServices;
using ManagedGemma.Checkpoints;
using ManagedGemma.Comparison.Sources;

namespace ManagedGemma.Tests.Comparison;

/// <summary>A set of tensors in memory.</summary>
internal sealed class ArrayTensors : INamedTensors
{
    private readonly List<NamedTensor> _tensors = [];

    public string Path => "memory";

    public IReadOnlyList<NamedTensor> Tensors => _tensors;

    public Dictionary<string, string> Said { get; } = [];

    public IReadOnlyDictionary<string, string> Metadata => Said;

    public ArrayTensors Add(string name, float[] values, params long[] shape) => Add(name, ElementType.F32, MemoryMarshal.AsBytes<float>(values), shape);

    public ArrayTensors Add(string name, double[] values, params long[] shape) => Add(name, ElementType.F64, MemoryMarshal.AsBytes<double>(values), shape);

    public ArrayTensors Add(string name, long[] values, params long[] shape) => Add(name, ElementType.I64, MemoryMarshal.AsBytes<long>(values), shape);

    public ArrayTensors Add(string name, ElementType type, ReadOnlySpan<byte> bytes, params long[] shape)
    {
        Assert.Equal(bytes.Length, shape.Aggregate(1L, (x, y) => x * y) * type.ByteSize());
        _tensors.Add(new MemoryTensor(name, Path, type, shape, bytes.ToArray()));
        return this;
    }

    public void Dispose()
    {
    }
}
