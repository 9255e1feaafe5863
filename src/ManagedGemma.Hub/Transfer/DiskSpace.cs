using System.Globalization;

namespace ManagedGemma.Hub.Transfer;

/// <summary>Room on the disk.</summary>
internal static class DiskSpace
{
    // ENOSPC; EDQUOT on Linux and on macOS; ERROR_DISK_FULL and ERROR_HANDLE_DISK_FULL.
    private static readonly int[] FullCodes = [28, 122, 69, unchecked((int)0x80070070), unchecked((int)0x80070027)];

    /// <summary>Whether an exception says that there is none left.</summary>
    public static bool IsFull(Exception exception) => exception is IOException && FullCodes.Contains(exception.HResult);

    /// <summary>Bytes that may still be written in an existing directory; null where the system does not tell.</summary>
    public static long? Free(string directory)
    {
        try
        {
            string full = Path.GetFullPath(directory);
            return new DriveInfo(OperatingSystem.IsWindows() ? Path.GetPathRoot(full)! : full).AvailableFreeSpace;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException)
        {
            // A network share: the write will tell.
            return null;
        }
    }

    /// <summary>For messages: <c>8.07 GB</c>.</summary>
    public static string Show(long bytes) => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e9:0.00} GB");
}
