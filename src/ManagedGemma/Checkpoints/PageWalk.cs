namespace ManagedGemma.Checkpoints;

/// <summary>
/// A run through steps, from the first on, whose weights lie in files: the next step's pages are read while one computes. For one thread at
/// a time.
/// </summary>
/// <param name="pages">The steps' weights.</param>
/// <param name="releases">Whether what has run is given back, so that a file larger than memory streams through.</param>
internal sealed class PageWalk(IWeightPages pages, bool releases) : IDisposable
{
    private Task? _reading;
    private int _step;

    /// <summary>Asks for a step's pages, after what was asked for before has been asked.</summary>
    public void Ask(int step)
    {
        _reading?.Wait(CancellationToken.None);
        _reading = pages.ReadAhead(step);
    }

    /// <summary>The step begins: asks for the next one's.</summary>
    public void Enter() => Ask(_step + 1);

    /// <summary>The step has ended; the next one's turn.</summary>
    public void Leave()
    {
        if (releases)
        {
            pages.Release(_step);
        }

        _step++;
    }

    /// <summary>Waits for what was asked for: the files may be closed then.</summary>
    public void Dispose() => _reading?.Wait(CancellationToken.None);
}
