using System.Runtime.InteropServices;
using ManagedGemma.Memory;

namespace ManagedGemma.Tests.Support;

/// <summary>
/// Bytes whose end is the end of what may be read: one more ends the process (on Unix; elsewhere it is plain memory). For kernels
/// that read mapped files through pointers, where the last row may be the file's end.
/// </summary>
internal sealed unsafe partial class GuardedMemory : IDisposable
{
    private const int NoAccess = 0;
    private const int ReadWrite = 3;
    private const nuint PageBytes = 1 << 16; // A multiple of every page size in use.

    private readonly NativeBuffer _buffer;
    private readonly byte* _guard;

    public GuardedMemory(byte[] content)
    {
        nuint room = ((nuint)content.Length + PageBytes - 1) / PageBytes * PageBytes;
        _buffer = new NativeBuffer(room + (3 * PageBytes));
        _guard = (byte*)(((nuint)_buffer.Pointer + PageBytes - 1) / PageBytes * PageBytes) + room;
        Pointer = _guard - content.Length;
        content.CopyTo(new Span<byte>(Pointer, content.Length));
        Protect(NoAccess);
    }

    /// <summary>The first byte; aligned to nothing.</summary>
    public byte* Pointer { get; }

    public void Dispose()
    {
        Protect(ReadWrite);
        _buffer.Dispose();
    }

    private void Protect(int protection)
    {
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(0, MProtect(_guard, PageBytes, protection));
        }
    }

    [LibraryImport("libc", EntryPoint = "mprotect")]
    private static partial int MProtect(void* address, nuint length, int protection);
}
