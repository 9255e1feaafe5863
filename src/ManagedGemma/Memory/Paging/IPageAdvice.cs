using Microsoft.Win32.SafeHandles;

namespace ManagedGemma.Memory.Paging;

/// <summary>What a program may tell the system about pages of a mapped file. All of it is advice: nothing fails, nothing changes in what is read.</summary>
internal unsafe interface IPageAdvice
{
    /// <summary>
    /// Asks for large pages. Over a mapped file 4 KiB pages cost a third of the speed of short prompts; the system gives large ones to
    /// what it reads from now on, where the file system can.
    /// </summary>
    void WantLargePages(byte* start, nuint length);

    /// <summary>Starts reading pages that are not in memory. Returns before they are, but may take as long as it takes to ask.</summary>
    void ReadAhead(byte* start, nuint length);

    /// <summary>Gives pages back: unmaps them and, where the system can, drops them from its cache unless another process maps them.</summary>
    /// <param name="file">The file that is mapped.</param>
    /// <param name="offset">Where in the file the range begins.</param>
    /// <param name="start">The range's first byte.</param>
    /// <param name="length">Bytes; only whole pages inside are given back.</param>
    void Release(SafeFileHandle file, long offset, byte* start, nuint length);

    /// <summary>Whether a byte of the file is in memory; false where the system reads ahead but does not tell, as asking in vain costs little.</summary>
    bool IsCached(SafeFileHandle file, long offset);
}
