using System.Buffers;
using ManagedGemma.Checkpoints;

namespace ManagedGemma.Caching;

/// <summary>
/// Results on disk under names that say what they are made of, so that an entry never goes stale. Bounded in size: the least recently
/// used go first. Any number of processes and threads may share a directory: entries appear whole or not at all, are never changed, and
/// may vanish at any time. An entry that is damaged is deleted and counts as missing. A cache that cannot be read or written costs time
/// and fails nothing: <see cref="Problem"/> says so.
/// </summary>
/// <remarks>
/// An entry is <c>DIR/ab/abcd….safetensors</c>; its date is when it was used last. Nothing else in the directory is ever touched. Each
/// process looks at the directory's size when it has written a sixteenth of the bound, so the bound may be exceeded by that much for
/// every other process that writes.
/// </remarks>
public sealed class ResultCache
{
    /// <summary>The bound where none is given: 10 GiB.</summary>
    public const long DefaultSize = 10L << 30;

    private const int LooksPerBound = 16;
    private const string Extension = ".safetensors";
    private const int NameLength = 64;

    // What is left after making room, so that not every entry that follows makes room again.
    private const double FilledShare = 0.9;

    private static readonly SearchValues<char> Digits = SearchValues.Create("0123456789abcdef");

    private readonly Lock _gate = new();
    private long _total = -1;
    private long _writtenSinceLook;
    private string? _problem;

    /// <summary>A cache in a directory.</summary>
    /// <param name="directory">Created when the first entry is written.</param>
    /// <param name="size">Bytes at most.</param>
    public ResultCache(string directory, long size = DefaultSize)
    {
        ArgumentException.ThrowIfNullOrEmpty(directory);
        ArgumentOutOfRangeException.ThrowIfLessThan(size, 1);
        Location = directory;
        Size = size;
    }

    /// <summary>The directory.</summary>
    public string Location { get; }

    /// <summary>Bytes at most.</summary>
    public long Size { get; }

    /// <summary>Entries that were found.</summary>
    public int Hits { get; private set; }

    /// <summary>Entries that were damaged, and are deleted.</summary>
    public int Damaged { get; private set; }

    /// <summary>The first thing that did not work; null: nothing. For a warning.</summary>
    public string? Problem
    {
        get
        {
            lock (_gate)
            {
                return _problem;
            }
        }
    }

    /// <summary>Whether there is an entry; it may be damaged, or gone a moment later.</summary>
    internal bool Contains(string name) => File.Exists(PathOf(name));

    /// <summary>Reads an entry and marks it as used.</summary>
    /// <param name="name">64 hexadecimal digits: a hash of all that the result is made of.</param>
    /// <param name="parse">Makes the result of its tensors; null where they are none of the kind, which is damage too.</param>
    /// <returns>The result; null when there is none.</returns>
    internal T? Read<T>(string name, Func<IReadOnlyList<CachedTensor>, T?> parse)
        where T : class
    {
        string path = PathOf(name);
        try
        {
            if (!File.Exists(path))
            {
                return null;
            }

            T result = parse(CacheEntry.Read(path, name)) ?? throw new GemmaException("the entry is another kind of result", path);
            lock (_gate)
            {
                Hits++;
            }

            MarkUsed(path);
            return result;
        }
        catch (GemmaException exception) when (exception.InnerException is FileNotFoundException or DirectoryNotFoundException)
        {
            // Another process made room.
            return null;
        }
        catch (GemmaException exception) when (exception.InnerException is not { } cause || !FileFailure.Is(cause))
        {
            lock (_gate)
            {
                Damaged++;
            }

            TryDelete(path);
            return null;
        }
        catch (Exception exception) when (exception is GemmaException || FileFailure.Is(exception))
        {
            Note($"an entry of the cache cannot be read: {exception.Message}");
            return null;
        }
    }

    /// <summary>Writes an entry, unless it is larger than the whole cache may be, and makes room.</summary>
    /// <param name="name">As for <see cref="Read"/>.</param>
    /// <param name="tensors">What it holds.</param>
    internal void Write(string name, params IReadOnlyList<CachedTensor> tensors)
    {
        string path = PathOf(name);
        long length = CacheEntry.ByteLength(tensors, name);
        if (length > Size)
        {
            return;
        }

        try
        {
            if (File.Exists(path))
            {
                return;
            }

            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            CacheEntry.Write(path, tensors, name);
            MakeRoom(length);
        }
        catch (Exception exception) when (exception is GemmaException || FileFailure.Is(exception))
        {
            Note($"the cache cannot be written: {exception.Message}");
        }
    }

    private static void MarkUsed(string path)
    {
        try
        {
            File.SetLastWriteTimeUtc(path, DateTime.UtcNow);
        }
        catch (Exception exception) when (FileFailure.Is(exception))
        {
            // Gone already, or another user's.
        }
    }

    private static void TryDelete(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception exception) when (FileFailure.Is(exception))
        {
            // Gone already, or in use where that matters: another time.
        }
    }

    private static bool IsName(string name) => name.Length == NameLength && !name.AsSpan().ContainsAnyExcept(Digits);

    private string PathOf(string name) => Path.Combine(Location, name[..2], name + Extension);

    private void Note(string problem)
    {
        lock (_gate)
        {
            _problem ??= problem;
        }
    }

    // One thread at a time: the others of this process would find the same entries to delete.
    private void MakeRoom(long written)
    {
        lock (_gate)
        {
            _writtenSinceLook += written;
            if (_total >= 0 && _total + _writtenSinceLook <= Size && _writtenSinceLook <= Size / LooksPerBound)
            {
                return;
            }

            List<FileInfo> entries = Entries();
            _total = entries.Sum(entry => entry.Length);
            _writtenSinceLook = 0;
            if (_total <= Size)
            {
                return;
            }

            foreach (FileInfo entry in entries.OrderBy(entry => entry.LastWriteTimeUtc))
            {
                TryDelete(entry.FullName);
                _total -= entry.Length;
                if (_total <= Size * FilledShare)
                {
                    return;
                }
            }
        }
    }

    private List<FileInfo> Entries()
    {
        List<FileInfo> entries = [];
        foreach (string directory in Directory.EnumerateDirectories(Location, "??"))
        {
            string prefix = Path.GetFileName(directory);
            if (prefix.AsSpan().ContainsAnyExcept(Digits))
            {
                continue;
            }

            AtomicFile.DeleteAbandoned(directory);
            foreach (FileInfo file in new DirectoryInfo(directory).EnumerateFiles(prefix + "*" + Extension))
            {
                // What enumeration saw may be gone when its length is asked for.
                if (IsName(Path.GetFileNameWithoutExtension(file.Name)) && file.Exists)
                {
                    entries.Add(file);
                }
            }
        }

        return entries;
    }
}
