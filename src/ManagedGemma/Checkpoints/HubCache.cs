namespace ManagedGemma.Checkpoints;

/// <summary>Finds models in the cache that Hugging Face's tools keep. Reads only; never downloads.</summary>
public static class HubCache
{
    private const int LongestReference = 256;

    /// <summary>Finds a model's snapshot.</summary>
    /// <param name="repository"><c>owner/name</c>.</param>
    /// <param name="environment">Gives an environment variable or null; by default the process's own.</param>
    /// <returns>
    /// The snapshot's directory: the one that refs/main names, else the newest. Null when the cache does not hold the
    /// model, or when the text is not owner/name.
    /// </returns>
    public static string? Find(string repository, Func<string, string?>? environment = null)
    {
        ArgumentNullException.ThrowIfNull(repository);
        string[] parts = repository.Split('/');
        if (parts.Length != 2 || !IsPlainName(parts[0]) || !IsPlainName(parts[1]))
        {
            return null;
        }

        string? root = Root(environment ?? Environment.GetEnvironmentVariable);
        if (root is null)
        {
            return null;
        }

        try
        {
            string model = Path.Combine(root, $"models--{parts[0]}--{parts[1]}");
            string snapshots = Path.Combine(model, "snapshots");
            return Directory.Exists(snapshots) ? Referenced(model, snapshots) ?? Newest(snapshots) : null;
        }
        catch (Exception exception) when (FileFailure.Is(exception))
        {
            // A cache that cannot be read holds nothing for us.
            return null;
        }
    }

    /// <summary>The cache's directory, which need not exist; null when the environment names none.</summary>
    /// <param name="environment">Gives an environment variable or null.</param>
    internal static string? Root(Func<string, string?> environment)
    {
        string? home = Value("HOME") ?? Value("USERPROFILE");
        if (Value("HF_HUB_CACHE") is { } cache)
        {
            return Expand(cache);
        }

        if (Value("HF_HOME") is { } huggingFace)
        {
            return Path.Combine(Expand(huggingFace), "hub");
        }

        string? caches = Value("XDG_CACHE_HOME") is { } xdg ? Expand(xdg) : home is null ? null : Path.Combine(home, ".cache");
        return caches is null ? null : Path.Combine(caches, "huggingface", "hub");

        string? Value(string name) => environment(name) is { Length: > 0 } value ? value : null;

        string Expand(string path) => home is not null && (path == "~" || path.StartsWith("~/", StringComparison.Ordinal)) ? home + path[1..] : path;
    }

    private static string? Referenced(string model, string snapshots)
    {
        string reference = Path.Combine(model, "refs", "main");
        if (!File.Exists(reference) || new FileInfo(reference).Length > LongestReference)
        {
            return null;
        }

        string revision = File.ReadAllText(reference).Trim();
        if (!IsPlainName(revision))
        {
            return null;
        }

        string snapshot = Path.Combine(snapshots, revision);
        return Directory.Exists(snapshot) ? snapshot : null;
    }

    private static string? Newest(string snapshots) => new DirectoryInfo(snapshots)
        .EnumerateDirectories()
        .OrderByDescending(x => x.LastWriteTimeUtc)
        .ThenBy(x => x.Name, StringComparer.Ordinal)
        .FirstOrDefault()?.FullName;

    /// <summary>Letters, digits, and in between also - _ and dots: nothing that leads out of a directory on any system.</summary>
    private static bool IsPlainName(string name) =>
        name.Length is > 0 and <= 128
        && name[0] != '.'
        && name[^1] != '.'
        && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.');
}
