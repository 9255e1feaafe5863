using ManagedGemma.Hub.Layout;
using ManagedGemma.Hub.Requests;
using ManagedGemma.Hub.Transfer;

namespace ManagedGemma.Hub;

/// <summary>A content that is wanted, under one name or several.</summary>
internal sealed class PlannedBlob
{
    private readonly RepositoryLayout _layout;
    private readonly string _commit;

    /// <param name="layout">The cache.</param>
    /// <param name="commit">The snapshot.</param>
    /// <param name="files">The files that have the content; at least one.</param>
    /// <param name="board">Gets a line for it.</param>
    public PlannedBlob(RepositoryLayout layout, string commit, IReadOnlyList<FileMetadata> files, ProgressBoard board)
    {
        _layout = layout;
        _commit = commit;
        First = files[0];
        Names = [.. files.Select(x => x.Name)];
        Progress = board.Add(First.Name, First.Length, IsPresent() ? HubFileState.Done : HubFileState.Queued);
    }

    public FileMetadata First { get; }

    public IReadOnlyList<string> Names { get; }

    public string Checksum => First.Checksum;

    public long Length => First.Length;

    public ProgressBoard.Entry Progress { get; }

    /// <summary>Whether it was not there before this run.</summary>
    public bool WasDownloaded { get; set; }

    /// <summary>Whether the content is there, as a blob or (where there are no links) in the snapshot itself.</summary>
    public bool IsPresent() =>
        RepositoryLayout.Holds(_layout.Blob(Checksum), Length) || Names.All(x => RepositoryLayout.Holds(_layout.File(_commit, x), Length));

    /// <summary>Bytes that an earlier attempt left.</summary>
    public long PartialLength()
    {
        FileInfo partial = new(_layout.Partial(Checksum));
        return partial.Exists ? Math.Min(partial.Length, Length) : 0;
    }
}
