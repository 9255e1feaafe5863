using ManagedGemma.Memory;

namespace ManagedGemma.Tests.Support;

/// <summary>Scratch for kernels, which write through pointers: what lies behind it must stay as it is, which is looked at in the end.</summary>
internal sealed unsafe class GuardedScratch : IDisposable
{
    private const int GuardBytes = 256;
    private const byte Guard = 0xA5;

    private readonly nuint _bytes;
    private readonly NativeBuffer _buffer;

    public GuardedScratch(nuint bytes)
    {
        _bytes = bytes;
        _buffer = new NativeBuffer(bytes + GuardBytes);
        Behind.Fill(Guard);
    }

    /// <summary>64-byte aligned.</summary>
    public byte* Pointer => _buffer.Pointer;

    private Span<byte> Behind => new(_buffer.Pointer + _bytes, GuardBytes);

    public void Dispose()
    {
        int written = Behind.IndexOfAnyExcept(Guard);
        _buffer.Dispose();
        Assert.Equal(-1, written);
    }
}
