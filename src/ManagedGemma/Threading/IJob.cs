namespace ManagedGemma.Threading;

/// <summary>
/// Work that falls into independent tasks. Each task writes its own part of the output, and what it writes depends on its
/// index alone: so no number of threads, and no order, changes a bit of the result.
/// </summary>
internal interface IJob
{
    /// <summary>Does task <paramref name="task"/>; several tasks run at once on different workers.</summary>
    /// <param name="task">0 .. count - 1.</param>
    /// <param name="worker">The worker that runs it, with memory of its own.</param>
    void Run(int task, Worker worker);
}
