using ManagedGemma.Threading;

namespace ManagedGemma.Tests.Threading;

public class WorkerTeamTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(7)]
    public void Every_task_runs_exactly_once_job_after_job(int threads)
    {
        using WorkerTeam team = new(threads);
        for (int job = 0; job < 300; job++)
        {
            int count = job % 23;
            Counting counting = new(new int[count]);
            team.Run(ref counting, count);
            Assert.All(counting.Runs, runs => Assert.Equal(1, runs));
            if (job % 100 == 99)
            {
                Thread.Sleep(30); // long enough for the workers to fall asleep
            }
        }
    }

    [Fact]
    public void An_exception_of_a_task_reaches_the_caller_and_the_team_goes_on()
    {
        using WorkerTeam team = new(3);
        for (int i = 0; i < 20; i++)
        {
            Failing failing = default;
            Assert.Throws<InvalidOperationException>(() => team.Run(ref failing, 50));
            Counting counting = new(new int[9]);
            team.Run(ref counting, 9);
            Assert.All(counting.Runs, runs => Assert.Equal(1, runs));
        }
    }

    [Fact]
    public void Cancellation_leaves_the_remaining_tasks_undone()
    {
        using WorkerTeam team = new(2);
        using CancellationTokenSource source = new();
        Cancelling cancelling = new(source, new int[10_000]);
        Assert.Throws<OperationCanceledException>(() => team.Run(ref cancelling, cancelling.Runs.Length, source.Token));
        Assert.InRange(cancelling.Runs.Sum(), 1, 4000);
        Assert.Throws<OperationCanceledException>(() => team.Run(ref cancelling, 1, source.Token));
    }

    [Fact]
    public void Callers_on_several_threads_take_turns()
    {
        using WorkerTeam team = new(3);
        int[] wrong = new int[1];
        Parallel.For(0, 8, new ParallelOptions { MaxDegreeOfParallelism = 8 }, _ =>
        {
            for (int i = 0; i < 200; i++)
            {
                Counting counting = new(new int[17]);
                team.Run(ref counting, 17);
                if (counting.Runs.Any(runs => runs != 1))
                {
                    Interlocked.Increment(ref wrong[0]);
                }
            }
        });
        Assert.Equal(0, wrong[0]);
    }

    [Fact]
    public void A_disposed_team_refuses_work()
    {
        WorkerTeam team = new(2);
        team.Dispose();
        team.Dispose();
        Counting counting = new(new int[1]);
        Assert.Throws<ObjectDisposedException>(() => team.Run(ref counting, 1));
    }

    private readonly struct Counting(int[] runs) : IJob
    {
        public int[] Runs => runs;

        public void Run(int task, Worker worker) => Interlocked.Increment(ref runs[task]);
    }

    private readonly struct Failing : IJob
    {
        public void Run(int task, Worker worker)
        {
            if (task == 7)
            {
                throw new InvalidOperationException("task 7");
            }
        }
    }

    private readonly struct Cancelling(CancellationTokenSource source, int[] runs) : IJob
    {
        public int[] Runs => runs;

        public void Run(int task, Worker worker)
        {
            runs[task]++;
            if (task % 5000 == 5) // early in both workers' ranges
            {
                source.Cancel();
            }
        }
    }
}
