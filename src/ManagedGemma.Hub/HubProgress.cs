namespace ManagedGemma.Hub;

/// <summary>How far a download is. Every file is reported at least when the list is known and when it is done.</summary>
/// <param name="File">The file that this report is about, by its name in the repository.</param>
/// <param name="State">What is going on with it.</param>
/// <param name="Bytes">Bytes of it that are there.</param>
/// <param name="Length">Its length.</param>
/// <param name="TotalBytes">Bytes of all files that are there.</param>
/// <param name="TotalLength">The length of all files.</param>
/// <param name="ReceivedBytes">Bytes of all files that came over the network in this run.</param>
public readonly record struct HubProgress(
    string File, HubFileState State, long Bytes, long Length, long TotalBytes, long TotalLength, long ReceivedBytes);
