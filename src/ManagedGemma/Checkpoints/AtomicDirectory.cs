namespace ManagedGemma.Checkpoints;

/// <summary>
/// A directory of files that appears whole or not at all: written beside its target under a temporary name and renamed by
/// <see cref="Commit"/>. Disposed without a commit (a failure, a cancellation) it deletes what it wrote and leaves an older target as
/// it was. One thread writes; disposing on another one is safe and makes further writes fail.
/// </summary>
internal sealed class AtomicDirectory : IDisposable
{
    /// <summary>What every checkpoint has, and what tells one from a directory that must not be replaced.</summary>
    private const string Mark = "config.json";

    private readonly string _target;
    private readonly string _temporary;
    private readonly bool _replace;
    private FileStream? _file;
    private int _done;

    private AtomicDirectory(string path, string target, string temporary, bool replace)
    {
        Path = path;
        _target = target;
        _temporary = temporary;
        _replace = replace;
    }

    /// <summary>The target as the caller named it.</summary>
    public string Path { get; }

    /// <summary>Says whether a target may be written, without writing anything.</summary>
    /// <param name="path">The target.</param>
    /// <param name="replace">Whether a directory with a checkpoint in it may be replaced.</param>
    /// <returns>The full path.</returns>
    /// <exception cref="GemmaException">It may not: it is a file or a link, is not empty, or has no parent.</exception>
    public static string Check(string path, bool replace)
    {
        try
        {
            string target = System.IO.Path.TrimEndingDirectorySeparator(System.IO.Path.GetFullPath(path));
            string? parent = System.IO.Path.GetDirectoryName(target);
            if (parent is null)
            {
                throw new GemmaException("the destination is a root directory", path, expected: "a directory to make");
            }

            if (!Directory.Exists(parent))
            {
                throw new GemmaException("the directory to write into does not exist", path);
            }

            if (File.Exists(target))
            {
                throw new GemmaException("the destination is a file, not a directory", path);
            }

            DirectoryInfo directory = new(target);
            if (directory.LinkTarget is not null)
            {
                throw new GemmaException("the destination is a link", path, expected: "a directory to make");
            }

            if (directory.Exists)
            {
                CheckContent(directory, path, replace);
            }

            return target;
        }
        catch (Exception exception) when (FileFailure.Is(exception))
        {
            throw FileFailure.Writing(path, exception, path);
        }
    }

    /// <summary>Creates the temporary directory.</summary>
    /// <param name="path">The target.</param>
    /// <param name="replace">Whether a directory with a checkpoint in it may be replaced.</param>
    /// <exception cref="GemmaException">As for <see cref="Check"/>, or the directory cannot be made.</exception>
    public static AtomicDirectory Create(string path, bool replace)
    {
        string target = Check(path, replace);
        string temporary = Beside(target);
        try
        {
            Directory.CreateDirectory(temporary);
        }
        catch (Exception exception) when (FileFailure.Is(exception))
        {
            throw FileFailure.Writing(path, exception, temporary);
        }

        return new AtomicDirectory(path, target, temporary, replace);
    }

    /// <summary>Ends the file before, and begins one.</summary>
    /// <param name="name">A bare name.</param>
    /// <param name="length">The bytes that will be written: room for them is taken at once.</param>
    /// <returns>Takes the content until the next call. Closing it is not needed.</returns>
    /// <exception cref="GemmaException">The disk has not that much room, or the file before could not be written.</exception>
    public Stream Begin(string name, long length)
    {
        EndFile();
        string path = System.IO.Path.Combine(_temporary, name);
        try
        {
            _file = new FileStream(path, new FileStreamOptions
            {
                Mode = FileMode.CreateNew,
                Access = FileAccess.Write,
                Share = FileShare.None,
                BufferSize = 1 << 16,
                PreallocationSize = length,
            });
        }
        catch (Exception exception) when (FileFailure.Is(exception))
        {
            throw FileFailure.Writing(Shown(name), exception, path);
        }

        return new GuardedStream(_file, Shown(name));
    }

    /// <summary>Flushes to the disk and renames onto the target.</summary>
    /// <exception cref="GemmaException">The disk is full, or the target cannot be replaced, or it has been filled meanwhile.</exception>
    public void Commit()
    {
        EndFile();
        Check(Path, _replace);
        try
        {
            string? old = MakeWay();
            try
            {
                FileReplacement.MoveDirectory(_temporary, _target);
            }
            catch (Exception exception) when (old is not null && FileFailure.Is(exception))
            {
                FileReplacement.MoveDirectory(old, _target);
                throw;
            }

            _done = 1;
            Delete(old);
        }
        catch (Exception exception) when (FileFailure.Is(exception))
        {
            throw FileFailure.Writing(Path, exception, _temporary);
        }
    }

    /// <summary>Deletes what was written unless it was committed.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _done, 1) == 1)
        {
            return;
        }

        try
        {
            _file?.Dispose();
        }
        catch (Exception exception) when (FileFailure.Is(exception))
        {
            // What could not be flushed is about to be deleted.
        }

        Delete(_temporary);
    }

    private static void CheckContent(DirectoryInfo directory, string path, bool replace)
    {
        List<FileSystemInfo> entries = [.. directory.EnumerateFileSystemInfos("*", new EnumerationOptions { AttributesToSkip = 0 })];
        if (entries.Count == 0)
        {
            return;
        }

        if (!replace)
        {
            throw new GemmaException("the destination exists and is not empty", path, expected: "a new or empty directory");
        }

        // Whatever has directories in it is more than a checkpoint: deleting it might cost someone a home.
        FileSystemInfo? inner = entries.Find(x => x is DirectoryInfo);
        if (inner is not null || !entries.Exists(x => x.Name == Mark))
        {
            throw new GemmaException(
                "only a directory that holds a checkpoint and nothing else is replaced",
                path,
                expected: $"{Mark} and other plain files",
                found: inner is null ? $"no {Mark}" : $"the directory {Untrusted.Show(inner.Name)}");
        }
    }

    private static string Beside(string target) =>
        System.IO.Path.Combine(System.IO.Path.GetDirectoryName(target)!, $".managed-gemma-{Guid.NewGuid():N}.tmp");

    private static void Delete(string? directory)
    {
        try
        {
            if (directory is not null)
            {
                Directory.Delete(directory, recursive: true);
            }
        }
        catch (Exception exception) when (FileFailure.Is(exception))
        {
            // The failure that led here matters more than files left behind.
        }
    }

    /// <summary>Removes an empty target, or sets a full one aside and returns where it is.</summary>
    private string? MakeWay()
    {
        if (!Directory.Exists(_target))
        {
            return null;
        }

        if (!Directory.EnumerateFileSystemEntries(_target).Any())
        {
            Directory.Delete(_target);
            return null;
        }

        string old = Beside(_target);
        FileReplacement.MoveDirectory(_target, old);
        return old;
    }

    private string Shown(string name) => System.IO.Path.Combine(Path, name);

    private void EndFile()
    {
        if (_file is not { } file)
        {
            return;
        }

        _file = null;
        try
        {
            using (file)
            {
                file.Flush(flushToDisk: true);
            }
        }
        catch (Exception exception) when (FileFailure.Is(exception))
        {
            throw FileFailure.Writing(Shown(System.IO.Path.GetFileName(file.Name)), exception, file.Name);
        }
    }
}
