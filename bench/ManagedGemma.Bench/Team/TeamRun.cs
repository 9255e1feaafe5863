using System.Diagnostics;
using ManagedGemma.Threading;

namespace ManagedGemma.Bench.Team;

/// <summary>Jobs of nothing: what a team costs.</summary>
internal static class TeamRun
{
    /// <summary>The median over some thousand jobs of as many empty tasks as there are threads.</summary>
    public static double Microseconds(int threads)
    {
        const int Jobs = 20_000;
        using WorkerTeam team = new(threads);
        double[] times = new double[Jobs];
        for (int i = 0; i < Jobs; i++)
        {
            Nothing job = default;
            long start = Stopwatch.GetTimestamp();
            team.Run(ref job, threads);
            times[i] = Stopwatch.GetElapsedTime(start).TotalMicroseconds;
        }

        Array.Sort(times);
        return times[Jobs / 2];
    }

    private readonly struct Nothing : IJob
    {
        public void Run(int task, Worker worker)
        {
        }
    }
}
