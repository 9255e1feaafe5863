using ManagedGemma.Hub;

namespace ManagedGemma.Cli.Terminal;

/// <summary>How a download stands.</summary>
/// <param name="Active">The files that something goes on with.</param>
/// <param name="FileCount">All files.</param>
/// <param name="Bytes">Bytes that are there.</param>
/// <param name="Length">Bytes of all files.</param>
/// <param name="Rate">Bytes a second from the network, over the last seconds.</param>
internal sealed record TransferStatus(IReadOnlyList<HubProgress> Active, int FileCount, long Bytes, long Length, double Rate)
{
    /// <summary>As in <c>1.23 GiB of 8.07 GiB, 45.3 MiB/s, 2:31 left</c>.</summary>
    public override string ToString()
    {
        string amount = $"{Amount.Bytes(Bytes)} of {Amount.Bytes(Length)}";
        return Rate >= 1 && Bytes < Length
            ? $"{amount}, {Amount.Bytes((long)Rate)}/s, {Amount.TimeLeft((Length - Bytes) / Rate)}"
            : amount;
    }
}
