using ManagedGemma.Checkpoints;
using ManagedGemma.Hub;

namespace ManagedGemma.Cli.Terminal;

/// <summary>Follows a download: the files in hand, the sum, the rate of the last seconds. Safe for several threads.</summary>
internal sealed class TransferMeter(TimeProvider clock) : IProgress<HubProgress>
{
    private static readonly TimeSpan Window = TimeSpan.FromSeconds(10);

    private readonly Lock _gate = new();
    private readonly Dictionary<string, HubProgress> _files = new(StringComparer.Ordinal);
    private readonly Queue<(long Time, long Received)> _samples = new();
    private HubProgress _last;

    /// <summary>Called with every report, after it has been counted; calls come one at a time.</summary>
    public Action<HubProgress>? Told { get; init; }

    /// <inheritdoc/>
    public void Report(HubProgress value)
    {
        lock (_gate)
        {
            _files[value.File] = value;
            _last = value;
            Sample();
        }

        Told?.Invoke(value);
    }

    /// <summary>The moment's state.</summary>
    public TransferStatus Read()
    {
        lock (_gate)
        {
            Sample();
            (long time, long received) = _samples.Peek();
            double seconds = clock.GetElapsedTime(time).TotalSeconds;
            double rate = seconds > 0 ? (_last.ReceivedBytes - received) / seconds : 0;
            return new TransferStatus(
                [.. _files.Values.Where(x => x.State is not (HubFileState.Done or HubFileState.Queued)).OrderBy(x => x.File, NaturalOrder.Instance)],
                _files.Count,
                _last.TotalBytes,
                _last.TotalLength,
                rate);
        }
    }

    private void Sample()
    {
        long now = clock.GetTimestamp();
        _samples.Enqueue((now, _last.ReceivedBytes));
        while (_samples.Count > 2 && clock.GetElapsedTime(_samples.Peek().Time, now) > Window)
        {
            _samples.Dequeue();
        }
    }
}
