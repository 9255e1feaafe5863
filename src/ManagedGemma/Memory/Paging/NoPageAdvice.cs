using Microsoft.Win32.SafeHandles;

namespace ManagedGemma.Memory.Paging;

/// <summary>For systems that take no advice.</summary>
internal sealed unsafe class NoPageAdvice : IPageAdvice
{
    public void WantLargePages(byte* start, nuint length)
    {
    }

    public void ReadAhead(byte* start, nuint length)
    {
    }

    public void Release(SafeFileHandle file, long offset, byte* start, nuint length)
    {
    }

    public bool IsCached(SafeFileHandle file, long offset) => true;
}
