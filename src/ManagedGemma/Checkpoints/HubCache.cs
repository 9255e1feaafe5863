namespace ManagedGemma.Checkpoints;

/// <summary>Finds models in the cache that Hugging Face's tools keep. Reads only; never downloads.</summary>
public static class HubCache
{
    private const int LongestReference = 256;

    /// <summary>Finds a model's snapshot.</summary>
    /// <param name="repository"><c>owner/name</c> or <c>owner/name@revision</c>.</param>
    /// <param name="environment">Gives an environment variable or null; by default the process's own.</param>
    /// <returns>
    /// The snapshot's directory: the revision's, else the one that refs/main names, else the newest. Null when the cache does not hold
    /// the model or the revision, or when the text is no such reference.
    /// </returns>
    public static string? Find(string repository, Func<string, string?>? environment = null)
    {
        ArgumentNullException.ThrowIfNull(repository);
        return HubReference.TryParse(repository, out HubReference? reference) ? Find(reference, environment) : null;
    }

    /// <inheritdoc cref="Find(string, Func{string, string?}?)"/>
    /// <param name="reference">The model.</param>
    /// <param name="environment">Gives an environment variable or null; by default the process's own.</param>
    public static string? Find(HubReference reference, Func<string, string?>? environment = null)
    {
        ArgumentNullException.ThrowIfNull(reference);
        string? root = Root(environment);
        if (root is null)
        {
            return null;
        }

        try
        {
            string model = Path.Combine(root, reference.CacheName);
            string snapshots = Path.Combine(model, "snapshots");
            if (!Directory.Exists(snapshots))
            {
                return null;
            }

            return reference.Revision is { } revision
                ? Existing(snapshots, HubReference.IsCommit(revision) ? revision : Referenced(model, revision))
                : Existing(snapshots, Referenced(model, "main")) ?? Newest(snapshots);
        }
        catch (Exception exception) when (FileFailure.Is(exception))
        {
            // A cache that cannot be read holds nothing for us.
            return null;
        }
    }

    /// <summary>The cache's directory, which need not exist: HF_HUB_CACHE, else HF_HOME/hub, else the user's ~/.cache/huggingface/hub.</summary>
    /// <param name="environment">Gives an environment variable or null; by default the process's own.</param>
    /// <returns>The directory; null when the environment names none and no home either.</returns>
    public static string? Root(Func<string, string?>? environment = null)
    {
        environment ??= Environment.GetEnvironmentVariable;
        string? cache = Value(environment, "HF_HUB_CACHE") ?? Value(environment, "HUGGINGFACE_HUB_CACHE");
        return cache is not null ? Expand(environment, cache) : Home(environment) is { } home ? Path.Combine(home, "hub") : null;
    }

    /// <summary>Where Hugging Face's tools keep what is theirs, the token among it: HF_HOME, else ~/.cache/huggingface.</summary>
    /// <param name="environment">Gives an environment variable or null; by default the process's own.</param>
    /// <returns>The directory, which need not exist; null when the environment names none and no home either.</returns>
    public static string? Home(Func<string, string?>? environment = null)
    {
        environment ??= Environment.GetEnvironmentVariable;
        if (Value(environment, "HF_HOME") is { } huggingFace)
        {
            return Expand(environment, huggingFace);
        }

        string? caches = Value(environment, "XDG_CACHE_HOME") is { } xdg
            ? Expand(environment, xdg)
            : User(environment) is { } user ? Path.Combine(user, ".cache") : null;
        return caches is null ? null : Path.Combine(caches, "huggingface");
    }

    private static string? Value(Func<string, string?> environment, string name) => environment(name) is { Length: > 0 } value ? value : null;

    // As Python's expanduser: HOME means nothing to it on Windows, where shells may set it to a path of their own kind.
    private static string? User(Func<string, string?> environment) =>
        OperatingSystem.IsWindows() ? Value(environment, "USERPROFILE") : Value(environment, "HOME") ?? Value(environment, "USERPROFILE");

    private static string Expand(Func<string, string?> environment, string path) =>
        User(environment) is { } user && (path == "~" || (path.StartsWith('~') && IsSeparator(path[1]))) ? user + path[1..] : path;

    private static bool IsSeparator(char character) => character == Path.DirectorySeparatorChar || character == Path.AltDirectorySeparatorChar;

    /// <summary>The commit that a branch or tag named when it was last fetched; null where the cache does not know it.</summary>
    private static string? Referenced(string model, string revision)
    {
        string reference = Path.Combine([model, "refs", .. revision.Split('/')]);
        if (!File.Exists(reference) || new FileInfo(reference).Length > LongestReference)
        {
            return null;
        }

        string commit = File.ReadAllText(reference).Trim();
        return commit.Length > 0 && commit.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_') ? commit : null;
    }

    private static string? Existing(string snapshots, string? commit)
    {
        string? snapshot = commit is null ? null : Path.Combine(snapshots, commit);
        return Directory.Exists(snapshot) ? snapshot : null;
    }

    private static string? Newest(string snapshots) => new DirectoryInfo(snapshots)
        .EnumerateDirectories()
        .OrderByDescending(x => x.LastWriteTimeUtc)
        .ThenBy(x => x.Name, StringComparer.Ordinal)
        .FirstOrDefault()?.FullName;
}
