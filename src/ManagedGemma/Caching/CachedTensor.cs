using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using CommunityToolkit.HighPerformance;
using ManagedGemma.Checkpoints;

namespace ManagedGemma.Caching;

/// <summary>A tensor of a cache's entry.</summary>
/// <param name="ElementType">What an element is.</param>
/// <param name="Shape">The dimensions, slowest first.</param>
/// <param name="Bytes">All elements, row-major and little-endian.</param>
internal sealed record CachedTensor(ElementType ElementType, IReadOnlyList<long> Shape, ReadOnlyMemory<byte> Bytes)
{
    /// <summary>A tensor over values that are not copied.</summary>
    /// <param name="type">What <typeparamref name="T"/> is.</param>
    /// <param name="values">All elements.</param>
    /// <param name="shape">The dimensions; their product is the number of values.</param>
    public static CachedTensor Of<T>(ElementType type, ReadOnlyMemory<T> values, params IReadOnlyList<long> shape)
        where T : unmanaged =>
        new(type, shape, values.AsBytes());

    /// <summary>A copy of the elements.</summary>
    public T[] ToArray<T>()
        where T : unmanaged
    {
        T[] values = new T[Bytes.Length / Unsafe.SizeOf<T>()];
        Bytes.Span[..(values.Length * Unsafe.SizeOf<T>())].CopyTo(MemoryMarshal.AsBytes(values.AsSpan()));
        return values;
    }
}
