namespace ManagedGemma.Checkpoints;

/// <summary>
/// Renaming that replaces: at once and whole on every system (rename(2), MoveFileEx). What differs between systems is here: on Windows a virus
/// scanner or an indexer that has the new file open for a moment makes renaming fail, so it is tried again for a second.
/// </summary>
internal static class FileReplacement
{
    private const int Attempts = 20;
    private const int AttemptMilliseconds = 50;

    // ERROR_ACCESS_DENIED, ERROR_SHARING_VIOLATION, ERROR_LOCK_VIOLATION.
    private static readonly int[] HeldCodes = [unchecked((int)0x80070005), unchecked((int)0x80070020), unchecked((int)0x80070021)];

    /// <summary>Renames a file onto another, which may exist.</summary>
    /// <exception cref="IOException">The system refuses.</exception>
    /// <exception cref="UnauthorizedAccessException">The system refuses.</exception>
    public static void Replace(string file, string target) =>
        WhileHeld(() => File.Move(file, target, overwrite: true), OperatingSystem.IsWindows(), Thread.Sleep);

    /// <summary>Renames a directory to what does not exist.</summary>
    /// <exception cref="IOException">The system refuses.</exception>
    /// <exception cref="UnauthorizedAccessException">The system refuses.</exception>
    public static void MoveDirectory(string directory, string target) =>
        WhileHeld(() => Directory.Move(directory, target), OperatingSystem.IsWindows(), Thread.Sleep);

    /// <summary>
    /// Whether a full path names a device: a node of /dev, where renaming would replace it by a file, or what Windows makes of NUL and COM1.
    /// </summary>
    public static bool IsDevice(string fullPath) =>
        (fullPath.StartsWith("/dev/", StringComparison.Ordinal) && !fullPath.StartsWith("/dev/shm/", StringComparison.Ordinal))
        || fullPath.StartsWith(@"\\.\", StringComparison.Ordinal);

    /// <summary>Does something, and again for as long as another program holds what it is done to.</summary>
    /// <param name="action">What fails.</param>
    /// <param name="isTransient">Whether this system has such programs; if not, the first failure is the last.</param>
    /// <param name="wait">Waits that many milliseconds.</param>
    public static void WhileHeld(Action action, bool isTransient, Action<int> wait)
    {
        for (int attempt = 1; ; attempt++)
        {
            try
            {
                action();
                return;
            }
            catch (Exception exception) when (isTransient && attempt < Attempts && HeldCodes.Contains(exception.HResult))
            {
                wait(AttemptMilliseconds);
            }
        }
    }
}
