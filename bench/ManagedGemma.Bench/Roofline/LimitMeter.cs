using System.Diagnostics;

namespace ManagedGemma.Bench.Roofline;

/// <summary>
/// One of the machine's limits, ready to be measured again and again: in turn with what is held against it, so that both see the same
/// clock, neighbours and memory.
/// </summary>
internal sealed class LimitMeter(string name, string unit, int threads, double workOfATry, Func<int, int> work, IDisposable? owner = null) : IDisposable
{
    private const int Tries = 5;

    /// <summary>What bounds.</summary>
    public string Name => name;

    /// <summary>GMAC/s or GB/s.</summary>
    public string Unit => unit;

    /// <summary>What one try reaches, in billions of <see cref="Unit"/>.</summary>
    public double Once() => workOfATry / Seconds(threads, work) / 1e9;

    /// <summary>The best of several tries.</summary>
    public Limit Best() => new(name, unit, threads, Math.Round(Enumerable.Range(0, Tries).Max(_ => Once()), 1));

    public void Dispose() => owner?.Dispose();

    /// <summary>How long threads need that begin at once.</summary>
    public static double Seconds(int threads, Func<int, int> work)
    {
        using Barrier start = new(threads + 1);
        Thread[] all = [.. Enumerable.Range(0, threads).Select(index => new Thread(() =>
        {
            start.SignalAndWait();
            Sink = work(index);
        }))];
        Array.ForEach(all, thread => thread.Start());
        start.SignalAndWait();
        long begin = Stopwatch.GetTimestamp();
        Array.ForEach(all, thread => thread.Join());
        return Stopwatch.GetElapsedTime(begin).TotalSeconds;
    }

    // Keeps results alive, so that no loop is optimised away.
    private static volatile int Sink;
}
