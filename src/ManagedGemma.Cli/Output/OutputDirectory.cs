namespace ManagedGemma.Cli.Output;

/// <summary>The directory of a batch's outputs.</summary>
internal static class OutputDirectory
{
    /// <summary>Refuses a file in its place.</summary>
    public static void RequireNoFile(string directory)
    {
        if (File.Exists(directory))
        {
            throw new GemmaException("the output is a file", directory, expected: "a directory, which is created if it is missing");
        }
    }

    /// <summary>Creates it, and those above it, unless it is there.</summary>
    /// <exception cref="GemmaException">It cannot be created.</exception>
    public static void Create(string directory)
    {
        try
        {
            Directory.CreateDirectory(directory);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new GemmaException("the directory cannot be created", directory, found: exception.Message, innerException: exception);
        }
    }
}
