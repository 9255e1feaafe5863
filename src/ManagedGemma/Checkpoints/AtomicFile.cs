namespace ManagedGemma.Checkpoints;

/// <summary>
/// A file that appears whole or not at all: written beside its target under a temporary name and renamed by
/// <see cref="Commit"/>. Disposed without a commit (a failure, a cancellation) it deletes what it wrote and leaves an
/// older target as it was. Not safe for several threads.
/// </summary>
public sealed class AtomicFile : IDisposable
{
    private const string TemporaryPrefix = ".managed-gemma-";
    private const string TemporarySuffix = ".tmp";

    // Between a file's creation and its lock, and between its lock and its new name, it looks abandoned.
    private static readonly TimeSpan YoungAge = TimeSpan.FromSeconds(10);

    private readonly string _temporary;
    private readonly FileStream _file;
    private readonly GuardedStream _guarded;
    private bool _done;

    private AtomicFile(string path, string temporary, FileStream file)
    {
        Path = path;
        _temporary = temporary;
        _file = file;
        _guarded = new GuardedStream(file, path);
    }

    /// <summary>The target's path.</summary>
    public string Path { get; }

    /// <summary>
    /// Takes the content. What the file system refuses (a full disk) comes as a <see cref="GemmaException"/> that names
    /// the target. Closing it is not needed.
    /// </summary>
    public Stream Stream => _guarded;

    /// <summary>Creates the temporary file.</summary>
    /// <param name="path">The target; an existing file is replaced at the end, a directory or a device is refused.</param>
    /// <param name="length">The bytes that will be written, if known: room for them is taken at once, so that a disk that is too full
    /// shows before anything is computed. 0: not known.</param>
    /// <exception cref="GemmaException">The target's directory does not exist or cannot be written, or the disk has not that much room.</exception>
    public static AtomicFile Create(string path, long length = 0)
    {
        ArgumentNullException.ThrowIfNull(path);
        ArgumentOutOfRangeException.ThrowIfNegative(length);

        // A short name of its own: the target's name plus anything could be longer than the system allows.
        string name = $"{TemporaryPrefix}{Guid.NewGuid():N}{TemporarySuffix}";
        string temporary = name;
        try
        {
            string target = System.IO.Path.GetFullPath(path);
            if (Directory.Exists(target))
            {
                throw new GemmaException("the output is a directory, not a file", path);
            }

            // Renaming onto a device node would replace it by a file.
            if (FileReplacement.IsDevice(target))
            {
                throw new GemmaException("the output is a device, not a file", path);
            }

            string directory = System.IO.Path.GetDirectoryName(target)
                ?? throw new GemmaException("the output is a directory, not a file", path);
            if (!Directory.Exists(directory))
            {
                throw new GemmaException("the directory to write into does not exist", path);
            }

            temporary = System.IO.Path.Combine(directory, name);
            FileStreamOptions options = new()
            {
                Mode = FileMode.CreateNew,
                Access = FileAccess.Write,
                Share = FileShare.None,
                BufferSize = 1 << 16,
                PreallocationSize = length,
            };
            return new AtomicFile(path, temporary, new FileStream(temporary, options));
        }
        catch (Exception exception) when (FileFailure.Is(exception))
        {
            throw FileFailure.Writing(path, exception, temporary);
        }
    }

    /// <summary>
    /// Deletes temporary files of processes that were killed. Those of living ones are locked and stay: the system unlocks a file when its
    /// process ends, however it ends. What was written to within the last ten seconds stays too.
    /// </summary>
    /// <param name="directory">Only itself is looked through; it need not exist.</param>
    /// <returns>How many there were.</returns>
    public static int DeleteAbandoned(string directory)
    {
        ArgumentNullException.ThrowIfNull(directory);
        int deleted = 0;
        try
        {
            EnumerationOptions hiddenToo = new() { AttributesToSkip = FileAttributes.Directory | FileAttributes.ReparsePoint };
            foreach (string path in Directory.EnumerateFiles(directory, TemporaryPrefix + "*" + TemporarySuffix, hiddenToo))
            {
                deleted += IsAbandoned(path) && TryDelete(path) ? 1 : 0;
            }
        }
        catch (Exception exception) when (FileFailure.Is(exception))
        {
            // Litter that cannot be seen does no harm.
        }

        return deleted;
    }

    /// <summary>Flushes to the disk and renames onto the target. Afterwards nothing more can be written.</summary>
    /// <exception cref="GemmaException">The disk is full or the target cannot be replaced; the temporary file is deleted.</exception>
    /// <exception cref="InvalidOperationException">The file was committed or disposed before.</exception>
    public void Commit()
    {
        if (_done)
        {
            throw new InvalidOperationException("The file is already committed or disposed.");
        }

        try
        {
            _file.Flush(flushToDisk: true);
            Rejuvenate();
            _file.Dispose();
            FileReplacement.Replace(_temporary, System.IO.Path.GetFullPath(Path));
            _done = true;
        }
        catch (Exception exception) when (FileFailure.Is(exception))
        {
            Dispose();
            throw FileFailure.Writing(Path, exception, _temporary);
        }
    }

    /// <summary>Deletes the temporary file unless it was committed.</summary>
    public void Dispose()
    {
        if (_done)
        {
            return;
        }

        _done = true;
        try
        {
            _file.Dispose();
        }
        catch (Exception exception) when (FileFailure.Is(exception))
        {
            // What could not be flushed is about to be deleted.
        }

        // The failure that led here matters more than a file left behind.
        TryDelete(_temporary);
    }

    // Between the lock's end and the new name nothing but its youth says that the file is not abandoned.
    private void Rejuvenate()
    {
        try
        {
            File.SetLastWriteTimeUtc(_file.SafeFileHandle, DateTime.UtcNow);
        }
        catch (Exception exception) when (FileFailure.Is(exception))
        {
            // A file system without dates; the last write was a moment ago as well.
        }
    }

    private static bool IsAbandoned(string path)
    {
        try
        {
            if (DateTime.UtcNow - File.GetLastWriteTimeUtc(path) < YoungAge)
            {
                return false;
            }

            using FileStream locked = new(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None, bufferSize: 0);
            return true;
        }
        catch (Exception exception) when (FileFailure.Is(exception))
        {
            return false;
        }
    }

    private static bool TryDelete(string path)
    {
        try
        {
            File.Delete(path);
            return true;
        }
        catch (Exception exception) when (FileFailure.Is(exception))
        {
            return false;
        }
    }
}
