namespace ManagedGemma.Conversion;

/// <summary>Paths without links.</summary>
internal static class RealPath
{
    private const int MostLinks = 40;

    /// <summary>Whether two paths name one directory, on file systems as the system usually has them.</summary>
    public static bool AreSame(string first, string second) => string.Equals(
        Of(first), Of(second), OperatingSystem.IsWindows() || OperatingSystem.IsMacOS() ? StringComparison.OrdinalIgnoreCase : StringComparison.Ordinal);

    /// <summary>A directory's path with every link in it followed, so that two names of one directory are equal.</summary>
    public static string Of(string path)
    {
        int links = 0;
        string full = Path.GetFullPath(path);
        string real = Path.GetPathRoot(full)!;
        Stack<string> parts = new(Parts(full));
        while (parts.TryPop(out string? part))
        {
            string next = Path.Combine(real, part);
            if (new DirectoryInfo(next).LinkTarget is { } target && links++ < MostLinks)
            {
                string followed = Path.GetFullPath(target, real);
                real = Path.GetPathRoot(followed)!;
                foreach (string inner in Parts(followed))
                {
                    parts.Push(inner);
                }
            }
            else
            {
                real = next;
            }
        }

        return real;
    }

    /// <summary>The parts below the root, the last first.</summary>
    private static IEnumerable<string> Parts(string full) =>
        full[Path.GetPathRoot(full)!.Length..].Split(Path.DirectorySeparatorChar, StringSplitOptions.RemoveEmptyEntries).Reverse();
}
