using System.IO.MemoryMappedFiles;
using ManagedGemma.Memory.Paging;
using Microsoft.Win32.SafeHandles;

namespace ManagedGemma.Checkpoints;

/// <summary>
/// A whole file of any size, mapped read-only. The pages come from the system's cache and are shared by every process
/// that maps the same file. The file must not be cut short while it is read: the system would end the process.
/// </summary>
public sealed unsafe class MappedFile : IDisposable
{
    private readonly SafeFileHandle? _handle;
    private readonly MemoryMappedFile? _map;
    private readonly MemoryMappedViewAccessor? _view;
    private byte* _pointer;
    private bool _disposed;

    private MappedFile(string path, long length, SafeFileHandle? handle, MemoryMappedFile? map, MemoryMappedViewAccessor? view)
    {
        Path = path;
        Length = length;
        _handle = handle;
        _map = map;
        _view = view;
        if (view is not null)
        {
            view.SafeMemoryMappedViewHandle.AcquirePointer(ref _pointer);
            _pointer += view.PointerOffset;
            PageAdvice.Current.WantLargePages(_pointer, (nuint)length);
        }
    }

    /// <summary>The path as it was given to <see cref="Open"/>.</summary>
    public string Path { get; }

    /// <summary>Bytes in the file when it was opened.</summary>
    public long Length { get; }

    /// <summary>The first byte, at a page boundary; null when the file is empty.</summary>
    /// <exception cref="ObjectDisposedException">The file has been unmapped.</exception>
    internal byte* Pointer
    {
        get
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            return _pointer;
        }
    }

    /// <summary>Maps a file.</summary>
    /// <param name="path">The file; symbolic links are followed.</param>
    /// <exception cref="GemmaException">The file does not exist, is a directory, or cannot be mapped.</exception>
    public static MappedFile Open(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        FileStream? stream = null;
        MemoryMappedFile? map = null;
        MemoryMappedViewAccessor? view = null;
        try
        {
            // Delete: Windows lets nobody rename or replace a file that is open without it; elsewhere it means nothing.
            stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, bufferSize: 0);
            long length = stream.Length;
            if (length == 0)
            {
                stream.Dispose();
                return new MappedFile(path, 0, null, null, null);
            }

            map = MemoryMappedFile.CreateFromFile(stream, null, length, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: false);
            view = map.CreateViewAccessor(0, length, MemoryMappedFileAccess.Read);
            return new MappedFile(path, length, stream.SafeFileHandle, map, view);
        }
        catch (Exception exception) when (FileFailure.Is(exception))
        {
            view?.Dispose();
            map?.Dispose();
            stream?.Dispose();
            throw FileFailure.Reading(path, exception);
        }
    }

    /// <summary>
    /// Copies bytes through the file's handle instead of the map: what is read once does not stay mapped, and a file that was cut
    /// short meanwhile is an error.
    /// </summary>
    /// <param name="offset">From the start of the file.</param>
    /// <param name="destination">Takes as many bytes as it is long.</param>
    /// <exception cref="GemmaException">The file cannot be read, or ends before.</exception>
    internal void Read(long offset, Span<byte> destination)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        try
        {
            while (!destination.IsEmpty)
            {
                int count = _handle is null ? 0 : RandomAccess.Read(_handle, destination, offset);
                if (count == 0)
                {
                    throw new GemmaException("the file was cut short while it was in use", Path, expected: $"{Length} bytes", found: $"{offset}");
                }

                offset += count;
                destination = destination[count..];
            }
        }
        catch (Exception exception) when (FileFailure.Is(exception))
        {
            throw FileFailure.Reading(Path, exception);
        }
    }

    /// <summary>Starts reading a range that is not in memory.</summary>
    internal void ReadAhead(long offset, long length) => PageAdvice.Current.ReadAhead(Pointer + offset, (nuint)length);

    /// <summary>Gives a range's pages back to the system; they are read again when they are wanted again.</summary>
    internal void Release(long offset, long length) => PageAdvice.Current.Release(_handle!, offset, Pointer + offset, (nuint)length);

    /// <summary>Whether a byte is in memory.</summary>
    internal bool IsCached(long offset) => PageAdvice.Current.IsCached(_handle!, offset);

    /// <summary>
    /// Holds the file's length against what is mapped. A download that starts anew or a copy over the file cuts it short, and
    /// the pages beyond its new end are gone; who replaces a file by renaming another does no harm.
    /// </summary>
    /// <exception cref="GemmaException">The file is shorter than when it was opened.</exception>
    internal void CheckLength()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (_handle is null)
        {
            return;
        }

        long length = RandomAccess.GetLength(_handle);
        if (length < Length)
        {
            throw new GemmaException("the file was cut short while it was in use", Path, expected: $"{Length} bytes", found: $"{length}");
        }
    }

    /// <summary>Unmaps the file. Pointers into it are invalid from here on.</summary>
    public void Dispose()
    {
        if (_disposed)
        {
            return;
        }

        _disposed = true;
        if (_view is not null)
        {
            _view.SafeMemoryMappedViewHandle.ReleasePointer();
            _view.Dispose();
        }

        _map?.Dispose();
        _pointer = null;
    }
}
