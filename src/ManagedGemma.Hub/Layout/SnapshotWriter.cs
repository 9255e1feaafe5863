using ManagedGemma.Checkpoints;

namespace ManagedGemma.Hub.Layout;

/// <summary>Makes a snapshot of contents that are all there, as huggingface_hub does.</summary>
internal sealed class SnapshotWriter(RepositoryLayout layout, bool useSymbolicLinks)
{
    private bool _useSymbolicLinks = useSymbolicLinks;

    /// <summary>Puts one content into the snapshot under its names.</summary>
    /// <param name="commit">The snapshot.</param>
    /// <param name="checksum">The content, whose blob is there unless all the names are.</param>
    /// <param name="length">Its bytes.</param>
    /// <param name="names">The files that have it.</param>
    /// <param name="isNew">
    /// Whether the blob was made just now, so that no other snapshot links to it: without symbolic links it is then moved instead of copied.
    /// </param>
    /// <exception cref="GemmaException">The file system refuses.</exception>
    public void Place(string commit, string checksum, long length, IReadOnlyList<string> names, bool isNew)
    {
        string blob = layout.Blob(checksum);
        for (int i = 0; i < names.Count; i++)
        {
            string file = layout.File(commit, names[i]);
            if (RepositoryLayout.Holds(file, length))
            {
                continue;
            }

            try
            {
                Directory.CreateDirectory(Path.GetDirectoryName(file)!);

                // A link into nothing, or a file of another length.
                File.Delete(file);
                if (_useSymbolicLinks && TryLink(file, blob))
                {
                    continue;
                }

                if (isNew && i == names.Count - 1)
                {
                    File.Move(blob, file);
                }
                else
                {
                    Copy(blob, file, length);
                }
            }
            catch (Exception exception) when (FileFailure.Is(exception))
            {
                // Another process may have put it there in between.
                if (!RepositoryLayout.Holds(file, length))
                {
                    throw FileFailure.Writing(file, exception, file);
                }
            }
        }
    }

    /// <summary>Writes which commit a branch or tag is; a commit's own name needs none.</summary>
    /// <exception cref="GemmaException">The file system refuses.</exception>
    public void Refer(string revision, string commit)
    {
        if (revision == commit)
        {
            return;
        }

        string path = layout.Reference(revision);
        try
        {
            if (File.Exists(path) && File.ReadAllText(path) == commit)
            {
                return;
            }

            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        }
        catch (Exception exception) when (FileFailure.Is(exception))
        {
            throw FileFailure.Writing(path, exception, path);
        }

        using AtomicFile file = AtomicFile.Create(path);
        file.Stream.Write(System.Text.Encoding.ASCII.GetBytes(commit));
        file.Commit();
    }

    // Relative, so that the cache can be moved. Windows gives links only to some; then nothing more is tried.
    private bool TryLink(string file, string blob)
    {
        try
        {
            File.CreateSymbolicLink(file, Path.GetRelativePath(Path.GetDirectoryName(file)!, blob));
            return true;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or PlatformNotSupportedException)
        {
            if (Path.Exists(file))
            {
                throw;
            }

            _useSymbolicLinks = false;
            return false;
        }
    }

    private static void Copy(string blob, string file, long length)
    {
        using FileStream source = new(blob, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
        using AtomicFile target = AtomicFile.Create(file, length);
        source.CopyTo(target.Stream, 1 << 20);
        target.Commit();
    }
}
