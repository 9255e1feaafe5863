using System.Security;

namespace ManagedGemma.Checkpoints;

/// <summary>Turns what the file system throws into the one exception that callers see.</summary>
internal static class FileFailure
{
    /// <summary>
    /// Whether an exception is about the file rather than about this program. A path with a null character is an ArgumentException,
    /// and so is a file that grows larger than the file system or the user's limit allows.
    /// </summary>
    public static bool Is(Exception exception) =>
        exception is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException or SecurityException;

    public static GemmaException Reading(string path, Exception exception) => exception switch
    {
        FileNotFoundException or DirectoryNotFoundException => new GemmaException("the file does not exist", path, innerException: exception),
        _ => new GemmaException(
            Directory.Exists(path) ? "this is a directory, not a file" : "the file cannot be read",
            path,
            found: exception.Message,
            innerException: exception),
    };

    /// <summary>A failure to write a file.</summary>
    /// <param name="path">The file as the user named it.</param>
    /// <param name="exception">What the file system threw.</param>
    /// <param name="temporary">The path that was really written, which means nothing to the reader.</param>
    public static GemmaException Writing(string path, Exception exception, string temporary) => exception switch
    {
        DirectoryNotFoundException => new GemmaException("the directory to write into does not exist", path, innerException: exception),
        _ => new GemmaException("the file cannot be written", path, found: exception.Message.Replace(temporary, path, StringComparison.Ordinal), innerException: exception),
    };

    /// <summary>Reads a small text file whole, after its length has been held against a limit.</summary>
    /// <param name="path">The file.</param>
    /// <param name="limit">The most bytes that such a file may have.</param>
    /// <exception cref="GemmaException">The file is missing, unreadable or larger than the limit.</exception>
    public static byte[] ReadSmall(string path, int limit)
    {
        try
        {
            using FileStream stream = new(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
            long length = stream.Length;
            if (length > limit)
            {
                throw new GemmaException("the file is too large", path, expected: $"at most {limit} bytes", found: $"{length} bytes");
            }

            byte[] bytes = new byte[length];
            stream.ReadExactly(bytes);
            return bytes;
        }
        catch (Exception exception) when (Is(exception))
        {
            throw Reading(path, exception);
        }
    }
}
