using ManagedGemma.Checkpoints;

namespace ManagedGemma.Hub.Layout;

/// <summary>
/// Paths of one repository in Hugging Face's cache: <c>blobs/CHECKSUM</c> holds contents, <c>snapshots/COMMIT/NAME</c> links to them,
/// <c>refs/REVISION</c> names commits, and locks lie outside, in <c>.locks/</c> of the cache.
/// </summary>
internal sealed class RepositoryLayout(string cache, HubReference reference)
{
    private readonly string _directory = Path.Combine(cache, reference.CacheName);

    /// <summary>The cache.</summary>
    public string Cache => cache;

    /// <summary>A content.</summary>
    public string Blob(string checksum) => Path.Combine(_directory, "blobs", checksum);

    /// <summary>A content that is not whole yet; the name is that of older huggingface_hub, whose partial files are resumed too.</summary>
    public string Partial(string checksum) => Blob(checksum) + ".incomplete";

    /// <summary>Held by the process that downloads a content.</summary>
    public string Lock(string checksum) => Path.Combine(cache, ".locks", reference.CacheName, checksum + ".lock");

    /// <summary>A commit's files.</summary>
    public string Snapshot(string commit) => Path.Combine(_directory, "snapshots", commit);

    /// <summary>A commit's file.</summary>
    /// <param name="commit">40 hexadecimal digits.</param>
    /// <param name="name">Checked by <see cref="RepositoryFileName"/>.</param>
    public string File(string commit, string name) => Path.Combine([Snapshot(commit), .. name.Split('/')]);

    /// <summary>What remembers a branch's commit.</summary>
    public string Reference(string revision) => Path.Combine([_directory, "refs", .. revision.Split('/')]);

    /// <summary>Whether a file of that length lies there, be it through a link.</summary>
    public static bool Holds(string path, long length)
    {
        try
        {
            // FileInfo.Length of a link is the link's own on some systems.
            if (!System.IO.File.Exists(path))
            {
                return false;
            }

            using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
            return file.Length == length;
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            return false;
        }
        catch (Exception exception) when (FileFailure.Is(exception))
        {
            throw FileFailure.Reading(path, exception);
        }
    }
}
