namespace ManagedGemma.Cli.Input;

/// <summary>Opens what a user named to be read.</summary>
internal static class InputFile
{
    /// <summary>The word for standard input.</summary>
    public const string StandardInput = "-";

    /// <summary>What messages call it.</summary>
    public static string NameOf(string path) => path == StandardInput ? "standard input" : path;

    /// <summary>Opens a file, or standard input for <c>-</c>.</summary>
    /// <exception cref="GemmaException">It cannot be opened.</exception>
    public static Stream Open(string path, Hosting.Host host) => path == StandardInput ? host.Input() : Open(path);

    /// <summary>Opens a file.</summary>
    /// <exception cref="GemmaException">It cannot be opened.</exception>
    public static Stream Open(string path)
    {
        try
        {
            return new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0);
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new GemmaException("the file does not exist", path, innerException: exception);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new GemmaException(Directory.Exists(path) ? "this is a directory, not a file" : "the file cannot be read", path, innerException: exception);
        }
    }
}
