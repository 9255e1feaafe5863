using System.Diagnostics;

namespace ManagedGemma.Bench.Roofline;

/// <summary>
/// Runs with a limit that is measured before and after each: on a machine whose clock and neighbours change, figures from different moments
/// say little.
/// </summary>
internal static class PairedRuns
{
    /// <summary>Runs several times; a run's limit is the mean of the two around it, 0 where there is none.</summary>
    public static List<PairedRun<T>> Measure<T>(int repeats, LimitMeter? limit, Func<int, T> run)
    {
        List<PairedRun<T>> runs = [];
        double before = limit?.Once() ?? 0;
        for (int i = 0; i < repeats; i++)
        {
            long start = Stopwatch.GetTimestamp();
            T result = run(i);
            double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds, after = limit?.Once() ?? 0;
            runs.Add(new PairedRun<T>(seconds, (before + after) / 2, result));
            before = after;
        }

        return runs;
    }
}
