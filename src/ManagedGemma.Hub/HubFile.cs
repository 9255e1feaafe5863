namespace ManagedGemma.Hub;

/// <summary>A file of a snapshot.</summary>
/// <param name="Name">Its name in the repository, with slashes.</param>
/// <param name="Path">Where it is.</param>
/// <param name="Length">Its bytes.</param>
/// <param name="Checksum">SHA-256 of a large file (64 hexadecimal digits), git's blob name of a small one (40), as the hub gives it.</param>
/// <param name="WasDownloaded">Whether it was not there before.</param>
public sealed record HubFile(string Name, string Path, long Length, string Checksum, bool WasDownloaded);
