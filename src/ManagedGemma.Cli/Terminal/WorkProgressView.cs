using System.Diagnostics;

namespace ManagedGemma.Cli.Terminal;

/// <summary>Runs some work and, once that takes more than a second in front of a terminal, shows how far it is and the time left.</summary>
internal static class WorkProgressView
{
    /// <summary>Runs <paramref name="work"/>; what it throws comes out as it is.</summary>
    /// <param name="screen">Shows.</param>
    /// <param name="start">What is shown before anything is reported.</param>
    /// <param name="read">Reads a report.</param>
    /// <param name="work">The work; its reports go nowhere where nothing is shown.</param>
    public static T Run<TReport, T>(Screen screen, WorkProgress start, Func<TReport, WorkProgress> read, Func<IProgress<TReport>?, T> work)
    {
        if (!screen.ShowsProgress)
        {
            return work(null);
        }

        Meter<TReport> meter = new(start, read);
        return LiveProgress.Run(screen, () => work(meter), meter.Show);
    }

    private sealed class Meter<TReport>(WorkProgress start, Func<TReport, WorkProgress> read) : IProgress<TReport>
    {
        private readonly Stopwatch _watch = Stopwatch.StartNew();
        private readonly Lock _gate = new();
        private WorkProgress _progress = start;
        private TimeSpan _last;

        public void Report(TReport value)
        {
            WorkProgress progress = read(value);
            lock (_gate)
            {
                _progress = progress;
                _last = _watch.Elapsed;
            }
        }

        // Equal parts take alike: the time of what is done says what the rest needs, less what the current part has had.
        public (double Share, string Text) Show()
        {
            lock (_gate)
            {
                double left = _progress.Done == 0 ? 0 : (_last.TotalSeconds / _progress.Done * (_progress.Total - _progress.Done)) - (_watch.Elapsed - _last).TotalSeconds;
                string text = _progress.Done == 0 ? _progress.Description : $"{_progress.Description}  {Amount.TimeLeft(left)}";
                return (_progress.Done / _progress.Total, text);
            }
        }
    }
}
