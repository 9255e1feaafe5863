using ManagedGemma.Checkpoints;

namespace ManagedGemma.Hub.Transfer;

/// <summary>
/// Held by the one process that downloads a content: an open file that nobody else may open. On Unix that is flock, which
/// huggingface_hub takes on the same file, so that each waits for the other.
/// </summary>
internal sealed class BlobLock : IDisposable
{
    private static readonly TimeSpan Beat = TimeSpan.FromMilliseconds(100);

    // EWOULDBLOCK on Linux and on macOS; ERROR_SHARING_VIOLATION and ERROR_LOCK_VIOLATION.
    private static readonly int[] HeldCodes = [11, 35, unchecked((int)0x80070020), unchecked((int)0x80070021)];

    private readonly FileStream _file;

    private BlobLock(FileStream file) => _file = file;

    /// <summary>Takes the lock, waiting for as long as another holds it.</summary>
    /// <param name="path">The lock file; it stays when the lock is given back.</param>
    /// <param name="clock">The clock of the wait.</param>
    /// <param name="whenHeld">Called once when there is something to wait for.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <exception cref="GemmaException">The file system refuses the file.</exception>
    public static async Task<BlobLock> AcquireAsync(string path, TimeProvider clock, Action whenHeld, CancellationToken cancellation)
    {
        bool isTold = false;
        while (true)
        {
            cancellation.ThrowIfCancellationRequested();
            if (TryTake(path) is { } taken)
            {
                return taken;
            }

            if (!isTold)
            {
                isTold = true;
                whenHeld();
            }

            await Task.Delay(Beat, clock, cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>Gives it back.</summary>
    public void Dispose() => _file.Dispose();

    private static BlobLock? TryTake(string path)
    {
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            FileStream file = new(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 0);
            if (File.Exists(path))
            {
                return new BlobLock(file);
            }

            // Its last holder deleted it between our open and our lock: the lock of a file that nobody finds protects nothing.
            file.Dispose();
            return null;
        }
        catch (IOException exception) when (HeldCodes.Contains(exception.HResult))
        {
            return null;
        }
        catch (Exception exception) when (FileFailure.Is(exception))
        {
            throw FileFailure.Writing(path, exception, path);
        }
    }
}
