using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;

namespace ManagedGemma.Threading;

/// <summary>
/// A fixed team of threads that runs one job at a time; the caller is one of them. Each works through neighbouring tasks, so that
/// it reads memory as one stream, and then helps the others. Workers spin for a short while between
/// jobs, since a forward pass starts hundreds in quick succession, and sleep when none comes. Callers on several threads
/// take turns, job by job: two encodes at once never use more threads than one.
/// </summary>
internal sealed unsafe class WorkerTeam : IDisposable
{
    // About 30 µs of pauses: longer than the gap between two jobs of a pass, short enough to cost nothing when idle.
    private const int SpinsBeforeSleep = 2000;

    private readonly Lock _turn = new();
    private readonly object _wake = new();
    private readonly Worker[] _workers;
    private readonly Thread[] _threads;
    private readonly TaskRanges _tasks;

    // What the team works on; written by the caller before _generation changes, read by workers after they see it change.
    private delegate*<void*, int, Worker, void> _run;
    private void* _job;
    private CancellationToken _cancellation;
    private ExceptionDispatchInfo? _failure;

    private volatile int _generation;
    private int _sleepers;
    private volatile bool _stopping;
    private int _busy;

    /// <summary>Starts a team.</summary>
    /// <param name="threads">The number of threads that work on a job, the caller's included; at least 1.</param>
    public WorkerTeam(int threads)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(threads, 1);
        _workers = new Worker[threads];
        _threads = new Thread[threads - 1];
        _tasks = new TaskRanges(threads);
        for (int i = 0; i < threads; i++)
        {
            _workers[i] = new Worker();
        }

        for (int i = 0; i < _threads.Length; i++)
        {
            int index = i + 1;
            _threads[i] = new Thread(() => Work(index)) { IsBackground = true, Name = $"ManagedGemma worker {index}" };
            _threads[i].Start();
        }
    }

    /// <summary>The number of threads that work on a job, the caller's included.</summary>
    public int ThreadCount => _workers.Length;

    /// <summary>Runs every task of <paramref name="job"/> and returns when all are done.</summary>
    /// <exception cref="OperationCanceledException">Cancelled: some tasks may not have run.</exception>
    public void Run<TJob>(ref TJob job, int count, CancellationToken cancellation = default)
        where TJob : struct, IJob
    {
        // The job lies on the caller's stack, which neither moves nor ends before this method returns: a plain pointer to
        // it is safe, and what it refers to stays alive through the caller's frame.
        lock (_turn)
        {
            ObjectDisposedException.ThrowIf(_stopping, this);
            cancellation.ThrowIfCancellationRequested();
            _run = &RunTask<TJob>;
            _job = Unsafe.AsPointer(ref job);
            _cancellation = cancellation;
            _failure = null;
            _tasks.Deal(count);
            if (_threads.Length > 0 && count > 1)
            {
                _busy = _threads.Length;
                _generation++;
                WakeSleepers();
                TakeTasks(0);
                WaitForWorkers();
            }
            else
            {
                TakeTasks(0);
            }

            _job = null;
            _failure?.Throw();
        }

        cancellation.ThrowIfCancellationRequested();
    }

    /// <summary>Ends the threads; a job under way is finished first.</summary>
    public void Dispose()
    {
        lock (_turn)
        {
            if (_stopping)
            {
                return;
            }

            _stopping = true;
            _generation++;
            WakeSleepers();
        }

        foreach (Thread thread in _threads)
        {
            thread.Join();
        }

        foreach (Worker worker in _workers)
        {
            worker.Dispose();
        }
    }

    private static void RunTask<TJob>(void* job, int task, Worker worker)
        where TJob : struct, IJob
        => Unsafe.AsRef<TJob>(job).Run(task, worker);

    private void Work(int index)
    {
        int seen = 0;
        while (true)
        {
            seen = WaitForChange(seen);
            if (_stopping)
            {
                return;
            }

            TakeTasks(index);
            Interlocked.Decrement(ref _busy);
        }
    }

    private void TakeTasks(int index)
    {
        try
        {
            while (!_cancellation.IsCancellationRequested && _tasks.TryTake(index, out int task))
            {
                _run(_job, task, _workers[index]);
            }
        }
#pragma warning disable CA1031 // Whatever a task throws belongs to the caller of Run, who gets it there.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            Interlocked.CompareExchange(ref _failure, ExceptionDispatchInfo.Capture(exception), null);
            _tasks.Drop();
        }
    }

    private int WaitForChange(int seen)
    {
        for (int spins = 0; _generation == seen; spins++)
        {
            if (spins < SpinsBeforeSleep)
            {
                Thread.SpinWait(1);
                continue;
            }

            lock (_wake)
            {
                // A full fence between the count and the last look at _generation: a caller that changes it later sees the sleeper.
                Interlocked.Increment(ref _sleepers);
                while (_generation == seen)
                {
                    Monitor.Wait(_wake);
                }

                Interlocked.Decrement(ref _sleepers);
            }
        }

        // Every worker takes part in every generation (Run waits for all), so none is ever skipped.
        return seen + 1;
    }

    private void WakeSleepers()
    {
        Interlocked.MemoryBarrier();
        if (Volatile.Read(ref _sleepers) > 0)
        {
            lock (_wake)
            {
                Monitor.PulseAll(_wake);
            }
        }
    }

    private void WaitForWorkers()
    {
        SpinWait wait = default;
        for (int spins = 0; Volatile.Read(ref _busy) > 0; spins++)
        {
            if (spins < SpinsBeforeSleep)
            {
                Thread.SpinWait(1);
            }
            else
            {
                wait.SpinOnce();
            }
        }
    }
}
