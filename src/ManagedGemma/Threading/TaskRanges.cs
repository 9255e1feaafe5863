namespace ManagedGemma.Threading;

/// <summary>
/// The tasks of a job, dealt to workers in neighbouring ranges. A worker takes its own from the front; when they are gone it
/// takes those of the others, from the front too.
/// </summary>
internal sealed class TaskRanges(int workers)
{
    // A cache line pair of its own for each counter, so that taking costs nothing while nobody helps.
    private const int Stride = 32;

    private readonly int[] _next = new int[(workers + 1) * Stride];
    private readonly int[] _end = new int[workers];

    /// <summary>Deals tasks 0 .. <paramref name="count"/> − 1. Nobody may be taking.</summary>
    public void Deal(int count)
    {
        for (int worker = 0; worker < workers; worker++)
        {
            Next(worker) = (int)((long)count * worker / workers);
            _end[worker] = (int)((long)count * (worker + 1) / workers);
        }
    }

    /// <summary>Takes a task for a worker; false when none is left.</summary>
    public bool TryTake(int worker, out int task)
    {
        for (int i = 0; i < workers; i++)
        {
            int from = (worker + i) % workers;
            if (Volatile.Read(ref Next(from)) < _end[from])
            {
                task = Interlocked.Increment(ref Next(from)) - 1;
                if (task < _end[from])
                {
                    return true;
                }
            }
        }

        task = -1;
        return false;
    }

    /// <summary>Leaves the tasks that are not taken yet undone.</summary>
    public void Drop()
    {
        for (int worker = 0; worker < workers; worker++)
        {
            Volatile.Write(ref Next(worker), int.MaxValue / 2);
        }
    }

    private ref int Next(int worker) => ref _next[(worker + 1) * Stride];
}
