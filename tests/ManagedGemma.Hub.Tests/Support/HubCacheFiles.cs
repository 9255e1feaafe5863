using ManagedGemma.Cli.Tests.Support;

namespace ManagedGemma.Hub.Tests.Support;

/// <summary>A cache of a test's own, looked at as huggingface_hub would.</summary>
internal sealed class HubCacheFiles : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public string Path => _directory.Path;

    public string Model => System.IO.Path.Combine(Path, "models--owner--model-4bit");

    public string Snapshot => System.IO.Path.Combine(Model, "snapshots", FakeHub.Commit);

    public string Blob(string checksum) => System.IO.Path.Combine(Model, "blobs", checksum);

    public string Partial(string checksum) => Blob(checksum) + ".incomplete";

    /// <summary>Everything in it but directories: <c>path</c>, or <c>path -> target</c> of a link.</summary>
    public string[] All => [.. Directory
        .EnumerateFileSystemEntries(Path, "*", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = 0 })
        .Select(x => new FileInfo(x))
        .Where(x => x.LinkTarget is not null || !x.Attributes.HasFlag(FileAttributes.Directory))
        .Select(x => System.IO.Path.GetRelativePath(Path, x.FullName).Replace('\\', '/') + (x.LinkTarget is { } target ? $" -> {target}" : string.Empty))
        .Order(StringComparer.Ordinal)];

    /// <summary>Puts bytes where they would lie, directories included.</summary>
    public static void Write(string path, byte[] bytes)
    {
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(path)!);
        File.WriteAllBytes(path, bytes);
    }

    public byte[] Read(string name) => File.ReadAllBytes(System.IO.Path.Combine(Snapshot, name));

    public void Dispose() => _directory.Dispose();
}
