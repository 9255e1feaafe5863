using System.Diagnostics;

namespace ManagedGemma.Ltx.Connector;

/// <summary>Where the seconds of connectors' passes go. For one thread.</summary>
internal sealed class ConnectorTimes
{
    private readonly double[] _seconds = new double[(int)ConnectorPart.Rest + 1];
    private long _last = Stopwatch.GetTimestamp();

    /// <summary>Seconds of a part so far.</summary>
    public double this[ConnectorPart part] => _seconds[(int)part];

    /// <summary>What passed until now belongs to nothing.</summary>
    public void Restart() => _last = Stopwatch.GetTimestamp();

    /// <summary>What passed since the last call belongs to a part.</summary>
    public void Lap(ConnectorPart part)
    {
        long now = Stopwatch.GetTimestamp();
        _seconds[(int)part] += Stopwatch.GetElapsedTime(_last, now).TotalSeconds;
        _last = now;
    }
}
