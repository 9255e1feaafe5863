using ManagedGemma.Memory;

namespace ManagedGemma.Threading;

/// <summary>What a worker of a team has to itself: scratch memory that lives as long as the team.</summary>
internal sealed unsafe class Worker : IDisposable
{
    private NativeBuffer _scratch = NativeBuffer.Empty;

    /// <summary>At least <paramref name="bytes"/> bytes, 64-byte aligned, with any content; valid until the next call.</summary>
    public byte* Scratch(nuint bytes)
    {
        if (_scratch.ByteLength < bytes)
        {
            _scratch.Dispose();
            _scratch = new NativeBuffer(bytes);
        }

        return _scratch.Pointer;
    }

    /// <inheritdoc/>
    public void Dispose() => _scratch.Dispose();
}
