namespace ManagedGemma.Checkpoints;

/// <summary>Where a model lies that people name by a path or by its name on the Hugging Face Hub.</summary>
public static class ModelPath
{
    private const string HubPrefix = "models--";

    /// <summary>Finds a model.</summary>
    /// <param name="model">
    /// A directory or file; what exists wins. Else <c>owner/name</c> or <c>owner/name@revision</c> of a model in the Hugging Face cache.
    /// </param>
    /// <param name="environment">Gives an environment variable or null; by default the process's own.</param>
    /// <returns>The path. A text that is neither there nor a hub's name comes back as it is: whoever opens it says what is missing.</returns>
    /// <exception cref="GemmaException">The text names a model that the cache does not hold; the message says how to get it.</exception>
    public static string Resolve(string model, Func<string, string?>? environment = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        if (Directory.Exists(model) || File.Exists(model) || !HubReference.TryParse(model, out HubReference? reference))
        {
            return model;
        }

        return HubCache.Find(reference, environment)
            ?? throw new GemmaException($"no such directory, and no such model in the Hugging Face cache; managed-gemma pull {reference} gets it", model);
    }

    /// <summary>
    /// What files and messages that go to others call a model: <c>owner/name</c> where the path is a snapshot in a Hugging Face cache, else
    /// the last part of the path, which tells nothing of the machine.
    /// </summary>
    /// <param name="path">A model's directory or file.</param>
    public static string NameOf(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        string full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        string? parent = Path.GetDirectoryName(full);
        string? repository = Path.GetFileName(parent) == "snapshots" ? Path.GetFileName(Path.GetDirectoryName(parent)) : null;
        if (repository?.StartsWith(HubPrefix, StringComparison.Ordinal) == true)
        {
            return repository[HubPrefix.Length..].Replace("--", "/", StringComparison.Ordinal);
        }

        string name = Path.GetFileName(full);
        return name.Length > 0 ? name : "model";
    }
}
