using System.IO.Enumeration;
using ManagedGemma.Checkpoints;

namespace ManagedGemma.Hub.Layout;

/// <summary>Chooses from a repository's list what is downloaded.</summary>
internal static class FileChoice
{
    private const string WeightExtension = ".safetensors";

    /// <summary>The wanted files, in the list's order, each once.</summary>
    /// <exception cref="GemmaException">A name that must not become a path, or nothing that is wanted.</exception>
    public static List<string> Of(IReadOnlyList<string> listed, HubSelection selection, string repository)
    {
        if (listed.FirstOrDefault(RepositoryFileName.LeadsOut) is { } harmful)
        {
            RepositoryFileName.Require(harmful, repository);
        }

        bool isDefault = selection.Include.Count == 0;
        bool hasModel = listed.Any(IsModelWeights);
        List<string> chosen = [.. listed
            .Where(name => isDefault ? IsNeeded(name, hasModel) : Matches(name, selection.Include))
            .Where(name => !Matches(name, selection.Exclude))
            .Distinct(StringComparer.Ordinal)];
        chosen.ForEach(name => RepositoryFileName.Require(name, repository));
        if (isDefault && !chosen.Exists(IsWeights))
        {
            string[] others = [.. listed.Where(x => x.EndsWith(".gguf", StringComparison.OrdinalIgnoreCase) || IsWeights(x))];
            throw new GemmaException(
                "the repository has no safetensors weights at its root; name other files with --include",
                repository,
                found: others.Length == 0 ? $"{listed.Count} files" : Untrusted.Show(string.Join(", ", others)));
        }

        return chosen.Count > 0
            ? chosen
            : throw new GemmaException("no file of the repository is of that name", repository, expected: string.Join(", ", selection.Include), found: $"{listed.Count} files");
    }

    private static bool IsNeeded(string name, bool hasModel)
    {
        if (name.Contains('/', StringComparison.Ordinal) || name[0] == '.')
        {
            return false;
        }

        // consolidated.safetensors holds the same weights in Meta's and Mistral's layout.
        return IsWeights(name)
            ? !hasModel || !name.StartsWith("consolidated", StringComparison.OrdinalIgnoreCase)
            : Path.GetExtension(name).ToUpperInvariant() is ".JSON" or ".JINJA" || name == "tokenizer.model";
    }

    private static bool IsWeights(string name) => name.EndsWith(WeightExtension, StringComparison.OrdinalIgnoreCase);

    private static bool IsModelWeights(string name) => IsWeights(name) && name.StartsWith("model", StringComparison.Ordinal) && !name.Contains('/', StringComparison.Ordinal);

    private static bool Matches(string name, IReadOnlyList<string> patterns) =>
        patterns.Any(x => FileSystemName.MatchesSimpleExpression(x, name, ignoreCase: false));
}
