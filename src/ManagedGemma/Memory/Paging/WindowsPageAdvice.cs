using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace ManagedGemma.Memory.Paging;

/// <summary>PrefetchVirtualMemory; Windows trims a process's pages of mapped files by itself.</summary>
internal sealed unsafe partial class WindowsPageAdvice : IPageAdvice
{
    private static readonly nint CurrentProcess = -1;

    public void WantLargePages(byte* start, nuint length)
    {
    }

    public void ReadAhead(byte* start, nuint length)
    {
        MemoryRange range = new() { Start = start, Length = length };
        _ = PrefetchVirtualMemory(CurrentProcess, 1, &range, 0);
    }

    public void Release(SafeFileHandle file, long offset, byte* start, nuint length)
    {
    }

    public bool IsCached(SafeFileHandle file, long offset) => false;

    [LibraryImport("kernel32", EntryPoint = "PrefetchVirtualMemory")]
    private static partial int PrefetchVirtualMemory(nint process, nuint count, MemoryRange* ranges, uint flags);

    [StructLayout(LayoutKind.Sequential)]
    private struct MemoryRange
    {
        public void* Start;
        public nuint Length;
    }
}
