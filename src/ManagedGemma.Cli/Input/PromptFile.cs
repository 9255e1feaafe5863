using System.Text;

namespace ManagedGemma.Cli.Input;

/// <summary>Reads a text that is one prompt.</summary>
internal static class PromptFile
{
    // More than any context holds, many times over.
    private const int MostBytes = 64 << 20;

    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Reads a file.</summary>
    /// <exception cref="GemmaException">It cannot be read, is too large, or is not UTF-8.</exception>
    public static string Read(string path) => Read(
        () => new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0), path);

    /// <summary>Reads a stream to its end, which is then closed. A byte order mark is left out.</summary>
    /// <exception cref="GemmaException">As for <see cref="Read(string)"/>.</exception>
    public static string Read(Func<Stream> open, string name)
    {
        byte[] bytes;
        try
        {
            using Stream stream = open();
            bytes = ReadAll(stream, name);
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new GemmaException("the file does not exist", name, innerException: exception);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new GemmaException(
                Directory.Exists(name) ? "this is a directory, not a file" : "the prompt cannot be read", name, innerException: exception);
        }

        ReadOnlySpan<byte> text = bytes;
        if (text.StartsWith("\uFEFF"u8))
        {
            text = text[3..];
        }

        try
        {
            return Strict.GetString(text);
        }
        catch (DecoderFallbackException exception)
        {
            long position = exception.Index + (bytes.Length - text.Length);
            throw new GemmaException("the prompt is not UTF-8", name, expected: "UTF-8 text", found: $"a bad byte at position {position}", innerException: exception);
        }
    }

    private static byte[] ReadAll(Stream stream, string name)
    {
        using MemoryStream all = new();
        byte[] buffer = new byte[1 << 16];
        for (int count = stream.Read(buffer); count > 0; count = stream.Read(buffer))
        {
            if (all.Length + count > MostBytes)
            {
                throw new GemmaException("too large for a prompt", name, expected: $"at most {MostBytes} bytes");
            }

            all.Write(buffer, 0, count);
        }

        return all.ToArray();
    }
}
