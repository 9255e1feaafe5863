using Microsoft.Win32.SafeHandles;

namespace ManagedGemma.Memory.Paging;

/// <summary>
/// Advice of a system that may lack a function, or the library that it is in (musl was long without preadv2): what is missing is called once,
/// and from then on left out.
/// </summary>
internal sealed unsafe class GuardedPageAdvice(IPageAdvice inner) : IPageAdvice
{
    private volatile bool _hasLargePages = true;
    private volatile bool _hasReadAhead = true;
    private volatile bool _hasRelease = true;
    private volatile bool _hasIsCached = true;

    public void WantLargePages(byte* start, nuint length)
    {
        try
        {
            if (_hasLargePages)
            {
                inner.WantLargePages(start, length);
            }
        }
        catch (Exception exception) when (IsMissing(exception))
        {
            _hasLargePages = false;
        }
    }

    public void ReadAhead(byte* start, nuint length)
    {
        try
        {
            if (_hasReadAhead)
            {
                inner.ReadAhead(start, length);
            }
        }
        catch (Exception exception) when (IsMissing(exception))
        {
            _hasReadAhead = false;
        }
    }

    public void Release(SafeFileHandle file, long offset, byte* start, nuint length)
    {
        try
        {
            if (_hasRelease)
            {
                inner.Release(file, offset, start, length);
            }
        }
        catch (Exception exception) when (IsMissing(exception))
        {
            _hasRelease = false;
        }
    }

    public bool IsCached(SafeFileHandle file, long offset)
    {
        try
        {
            return _hasIsCached && inner.IsCached(file, offset);
        }
        catch (Exception exception) when (IsMissing(exception))
        {
            _hasIsCached = false;
            return false;
        }
    }

    private static bool IsMissing(Exception exception) => exception is DllNotFoundException or EntryPointNotFoundException;
}
