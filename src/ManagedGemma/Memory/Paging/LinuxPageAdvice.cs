using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace ManagedGemma.Memory.Paging;

/// <summary>madvise(2), posix_fadvise(2) and preadv2(2).</summary>
internal sealed unsafe partial class LinuxPageAdvice : IPageAdvice
{
    private const int WillNeed = 3;      // MADV_WILLNEED
    private const int DontNeed = 4;      // MADV_DONTNEED, POSIX_FADV_DONTNEED
    private const int HugePage = 14;     // MADV_HUGEPAGE
    private const int NoWait = 8;        // RWF_NOWAIT
    private const int TryAgain = 11;     // EAGAIN

    private static readonly nuint PageSize = (nuint)Environment.SystemPageSize;

    public void WantLargePages(byte* start, nuint length) => Advise(start, length, HugePage);

    public void ReadAhead(byte* start, nuint length) => Advise(start, length, WillNeed);

    public void Release(SafeFileHandle file, long offset, byte* start, nuint length)
    {
        // Rounded inwards: the page that a neighbour shares stays.
        nuint first = ((nuint)start + PageSize - 1) & ~(PageSize - 1), end = ((nuint)start + length) & ~(PageSize - 1);
        if (first >= end)
        {
            return;
        }

        _ = MAdvise((byte*)first, end - first, DontNeed);
        _ = FAdvise(file, (nint)offset + (nint)(first - (nuint)start), (nint)(end - first), DontNeed);
    }

    public bool IsCached(SafeFileHandle file, long offset)
    {
        // mincore(2) says yes to everything unless the caller may write the file; a read that must not wait tells the truth.
        byte buffer;
        IoVector vector = new() { Start = &buffer, Length = 1 };
        return PReadV2(file, &vector, 1, (nint)offset, NoWait) >= 0 || Marshal.GetLastPInvokeError() != TryAgain;
    }

    private static void Advise(byte* start, nuint length, int advice)
    {
        nuint first = (nuint)start & ~(PageSize - 1);
        _ = MAdvise((byte*)first, (nuint)start + length - first, advice);
    }

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int MAdvise(byte* start, nuint length, int advice);

    [LibraryImport("libc", EntryPoint = "posix_fadvise")]
    private static partial int FAdvise(SafeFileHandle file, nint offset, nint length, int advice);

    [LibraryImport("libc", EntryPoint = "preadv2", SetLastError = true)]
    private static partial nint PReadV2(SafeFileHandle file, IoVector* vectors, int count, nint offset, int flags);

    [StructLayout(LayoutKind.Sequential)]
    private struct IoVector
    {
        public void* Start;
        public nuint Length;
    }
}
