using System.Runtime.InteropServices;
using ManagedGemma.Memory.Paging;

namespace ManagedGemma.Memory;

/// <summary>
/// Memory outside the garbage-collected heap, 64-byte aligned (a cache line, a Vector512), given back at once on Dispose:
/// an encode's buffers must not linger as pooled arrays beside a mapped checkpoint.
/// </summary>
internal sealed unsafe class NativeBuffer : IDisposable
{
    private const nuint Alignment = 64;

    // What is larger than a large page lies in large pages: a step walks through buffers token by token, a page or more apart.
    private const nuint LargePage = 2 << 20;

    private byte* _pointer;

    /// <summary>Takes <paramref name="byteLength"/> bytes; the content is undefined.</summary>
    /// <exception cref="OutOfMemoryException">The machine has not that much.</exception>
    public NativeBuffer(nuint byteLength)
    {
        ByteLength = byteLength;
        if (byteLength > 0)
        {
            bool large = byteLength >= LargePage;
            _pointer = (byte*)NativeMemory.AlignedAlloc(byteLength, large ? LargePage : Alignment);
            if (large)
            {
                PageAdvice.Current.WantLargePages(_pointer, byteLength);
            }
        }
    }

    ~NativeBuffer() => Free();

    /// <summary>A buffer of no bytes.</summary>
    public static NativeBuffer Empty => new(0);

    /// <summary>The length in bytes.</summary>
    public nuint ByteLength { get; private set; }

    /// <summary>The first byte; null when the length is 0.</summary>
    public byte* Pointer => _pointer;

    /// <summary>Takes room for <paramref name="count"/> floats.</summary>
    public static NativeBuffer OfFloats(long count) => new(checked((nuint)count * sizeof(float)));

    /// <summary>The buffer as floats.</summary>
    public float* Floats => (float*)_pointer;

    /// <summary>Sets every byte to zero.</summary>
    public void Clear() => NativeMemory.Clear(_pointer, ByteLength);

    /// <inheritdoc/>
    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    private void Free()
    {
        NativeMemory.AlignedFree(_pointer);
        _pointer = null;
        ByteLength = 0;
    }
}
