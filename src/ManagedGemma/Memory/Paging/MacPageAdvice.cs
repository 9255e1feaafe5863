using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace ManagedGemma.Memory.Paging;

/// <summary>madvise(2) as macOS has it: no large pages, no word on what is cached.</summary>
internal sealed unsafe partial class MacPageAdvice : IPageAdvice
{
    private const int WillNeed = 3; // MADV_WILLNEED
    private const int DontNeed = 4; // MADV_DONTNEED

    private static readonly nuint PageSize = (nuint)Environment.SystemPageSize;

    public void WantLargePages(byte* start, nuint length)
    {
    }

    public void ReadAhead(byte* start, nuint length)
    {
        nuint first = (nuint)start & ~(PageSize - 1);
        _ = MAdvise((byte*)first, (nuint)start + length - first, WillNeed);
    }

    public void Release(SafeFileHandle file, long offset, byte* start, nuint length)
    {
        nuint first = ((nuint)start + PageSize - 1) & ~(PageSize - 1), end = ((nuint)start + length) & ~(PageSize - 1);
        if (first < end)
        {
            _ = MAdvise((byte*)first, end - first, DontNeed);
        }
    }

    public bool IsCached(SafeFileHandle file, long offset) => false;

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int MAdvise(byte* start, nuint length, int advice);
}
