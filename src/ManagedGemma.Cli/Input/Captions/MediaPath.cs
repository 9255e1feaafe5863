using System.Text;
using ManagedGemma.Tokenization;

namespace ManagedGemma.Cli.Input.Captions;

/// <summary>
/// Where the output of a medium goes: the same path without its last suffix, as in ltx-trainer's <c>process_captions.py</c>
/// (<c>Path(media.strip()).with_suffix(…)</c>). Two kinds of paths that the script takes are refused, because they lead out of the
/// output's directory: absolute ones, for which it writes beside the medium, and those with <c>..</c>.
/// </summary>
internal static class MediaPath
{
    // What file systems take of a name: 255 bytes, the extension's included.
    private const int MostNameBytes = 255 - 16;

    /// <summary>The output's path below the output's directory, without extension, its parts between <c>/</c>.</summary>
    /// <param name="media">The path as it was given.</param>
    /// <exception cref="FormatException">It cannot be mirrored; the message says why.</exception>
    public static string OutputOf(string media)
    {
        string path = PromptText.Strip(media).ToString();
        if (Path.IsPathRooted(path) || path.StartsWith('/') || IsDrive(path))
        {
            throw new FormatException("the media path is absolute; its output would lie outside the output's directory");
        }

        string[] parts = [.. (OperatingSystem.IsWindows() ? path.Split('/', '\\') : path.Split('/')).Where(part => part is not ("" or "."))];
        if (parts.Length == 0)
        {
            throw new FormatException("the media path names no file");
        }

        if (parts.Contains(".."))
        {
            throw new FormatException("the media path has \"..\"; its output could lie outside the output's directory");
        }

        foreach (string part in parts)
        {
            if (part.Any(char.IsControl) || part.IndexOfAny(Path.GetInvalidFileNameChars()) >= 0)
            {
                throw new FormatException("the media path has a character that file names cannot have");
            }

            if (Encoding.UTF8.GetByteCount(part) > MostNameBytes)
            {
                throw new FormatException($"a name in the media path has more than {MostNameBytes} bytes");
            }
        }

        parts[^1] = WithoutSuffix(parts[^1]);
        return string.Join('/', parts);
    }

    // A drive of Windows is absolute or relative to the drive's own directory; elsewhere a colon is a character like others.
    private static bool IsDrive(string path) => path is [var letter, ':', '/' or '\\', ..] && char.IsAsciiLetter(letter);

    // A dot that comes first or last begins no suffix.
    private static string WithoutSuffix(string name)
    {
        int dot = name.LastIndexOf('.');
        return dot > 0 && dot < name.Length - 1 ? name[..dot] : name;
    }
}
