namespace ManagedGemma.Hub;

/// <summary>A model in the cache, as of one commit.</summary>
/// <param name="Repository"><c>owner/name</c>.</param>
/// <param name="Revision">The branch, tag or commit that was asked for.</param>
/// <param name="Commit">The commit that it was, 40 hexadecimal digits.</param>
/// <param name="Path">The snapshot's directory, which holds the files by their names.</param>
/// <param name="Files">The files that were wanted; the directory may hold more, from other tools.</param>
/// <param name="ReceivedBytes">What came over the network.</param>
public sealed record HubSnapshot(
    string Repository, string Revision, string Commit, string Path, IReadOnlyList<HubFile> Files, long ReceivedBytes);
