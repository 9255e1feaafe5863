using System.Buffers.Binary;
using ManagedGemma.Checkpoints;

namespace ManagedGemma.Ltx.Formats;

/// <summary>A tensor of a <see cref="TorchFile"/>.</summary>
public sealed class TorchTensor
{
    private readonly string _path;

    internal TorchTensor(string path, string name, ElementType type, IReadOnlyList<long> shape, ReadOnlyMemory<byte> data)
    {
        _path = path;
        Name = name;
        ElementType = type;
        Shape = shape;
        Data = data;
    }

    /// <summary>The key.</summary>
    public string Name { get; }

    /// <summary>The type of an element.</summary>
    public ElementType ElementType { get; }

    /// <summary>The dimensions, slowest first.</summary>
    public IReadOnlyList<long> Shape { get; }

    /// <summary>The elements, little-endian and row-major.</summary>
    public ReadOnlyMemory<byte> Data { get; }

    /// <summary>A BF16, F16 or F32 tensor as float32.</summary>
    /// <exception cref="GemmaException">The type is another one.</exception>
    public float[] ToSingles()
    {
        if (!ElementType.IsWeightFloat())
        {
            throw WrongType("BF16, F16 or F32");
        }

        float[] values = new float[Data.Length / ElementType.ByteSize()];
        ElementConversion.ToSingles(Data.Span, ElementType, values);
        return values;
    }

    /// <summary>An I64 tensor.</summary>
    /// <exception cref="GemmaException">The type is another one.</exception>
    public long[] ToIntegers()
    {
        if (ElementType != ElementType.I64)
        {
            throw WrongType("I64");
        }

        long[] values = new long[Data.Length / sizeof(long)];
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = BinaryPrimitives.ReadInt64LittleEndian(Data.Span[(i * sizeof(long))..]);
        }

        return values;
    }

    private GemmaException WrongType(string expected) =>
        new("wrong element type", _path, Untrusted.Show(Name), expected, ElementType.ToSafetensorsName());
}
