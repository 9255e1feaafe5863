namespace ManagedGemma.Hub;

/// <summary>
/// Which of a repository's files are wanted. By default what a model needs and nothing twice: configuration, tokenizer and
/// safetensors weights at the repository's root.
/// </summary>
/// <param name="Include">
/// Patterns with <c>*</c> (slashes too) and <c>?</c>; when there are any, the files that match one of them are wanted instead of the default.
/// </param>
/// <param name="Exclude">Patterns of files that are not wanted, whatever else says so.</param>
public sealed record HubSelection(IReadOnlyList<string> Include, IReadOnlyList<string> Exclude)
{
    /// <summary>The default.</summary>
    public static HubSelection Default { get; } = new([], []);
}
