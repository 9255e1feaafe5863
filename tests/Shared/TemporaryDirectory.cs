namespace ManagedGemma.Tests.Shared;

/// <summary>A directory of a test's own, deleted at its end.</summary>
internal sealed class TemporaryDirectory : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("managed-gemma-test-").FullName;

    public string this[string name] => System.IO.Path.Combine(Path, name);

    /// <summary>Names of all files and directories in it, hidden ones too.</summary>
    public string[] Entries => [.. Directory.EnumerateFileSystemEntries(Path, "*", new EnumerationOptions { AttributesToSkip = 0 }).Select(x => System.IO.Path.GetFileName(x)!).Order(StringComparer.Ordinal)];

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
