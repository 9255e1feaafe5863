using System.Text;
using ManagedGemma.Checkpoints;

namespace ManagedGemma.Hub.Layout;

/// <summary>Names of files as a server gives them: nothing that leads elsewhere becomes a path.</summary>
internal static class RepositoryFileName
{
    private const int LongestName = 1024;
    private const int LongestPart = 255;

    // Names that Windows takes for devices, with any extension.
    private static readonly HashSet<string> Devices = new(
        ["CON", "PRN", "AUX", "NUL", .. Enumerable.Range(1, 9).SelectMany(x => new[] { $"COM{x}", $"LPT{x}" })], StringComparer.OrdinalIgnoreCase);

    /// <summary>Whether a name could lead out of a directory. git has no such names: who lists one wants harm.</summary>
    public static bool LeadsOut(string name) => name.Split('/', '\\').Any(x => x is "" or "." or "..") || name.Contains('\0', StringComparison.Ordinal);

    /// <summary>
    /// Whether a name is good for a file on every system: parts between slashes, none of them empty, dots only, longer than 255 bytes, with
    /// a backslash, a colon or another character that Windows forbids, ending in a dot or a space, or a device.
    /// </summary>
    public static bool IsSafe(string name) => name.Length is > 0 and <= LongestName && name.Split('/').All(IsSafePart);

    /// <summary>Requires a safe name.</summary>
    /// <exception cref="GemmaException">It is not.</exception>
    public static void Require(string name, string repository)
    {
        if (!IsSafe(name))
        {
            throw new GemmaException("the server lists a file name that must not become a path", repository, found: Untrusted.Show(name));
        }
    }

    private static bool IsSafePart(string part) =>
        part.Length > 0
        && Encoding.UTF8.GetByteCount(part) <= LongestPart
        && part[^1] is not ('.' or ' ')
        && part[0] != ' '
        && !part.Any(c => char.IsControl(c) || char.IsSurrogate(c) || c is '\\' or ':' or '*' or '?' or '"' or '<' or '>' or '|')
        && !Devices.Contains(part.Split('.')[0].TrimEnd());
}
