using System.Diagnostics;
using ManagedGemma.Model;

namespace ManagedGemma.Cli.Terminal;

/// <summary>Runs the decoder over one prompt and shows the layer and the time left, in front of a terminal.</summary>
internal static class LayerProgressView
{
    /// <summary>Runs <paramref name="work"/>; what it throws comes out as it is.</summary>
    public static T Run<T>(Screen screen, int layers, Func<IProgress<LayerProgress>?, T> work)
    {
        if (!screen.ShowsProgress)
        {
            return work(null);
        }

        Meter meter = new();
        return LiveProgress.Run(screen, () => work(meter), () => Show(meter, layers));
    }

    // Layers take alike: the time of those done says what the others need, less what the current one has had.
    private static (double Share, string Text) Show(Meter meter, int layers)
    {
        (int done, TimeSpan elapsed, TimeSpan sinceLast) = meter.Read();
        double left = done == 0 ? 0 : (elapsed.TotalSeconds / done * (layers - done)) - sinceLast.TotalSeconds;
        string text = $"layer {Math.Min(done + 1, layers)}/{layers}";
        return ((double)done / layers, done == 0 ? text : $"{text}  {Amount.TimeLeft(left)}");
    }

    private sealed class Meter : IProgress<LayerProgress>
    {
        private readonly Stopwatch _watch = Stopwatch.StartNew();
        private readonly Lock _gate = new();
        private int _done;
        private TimeSpan _last;

        public void Report(LayerProgress value)
        {
            lock (_gate)
            {
                _done = value.Done;
                _last = _watch.Elapsed;
            }
        }

        public (int Done, TimeSpan Elapsed, TimeSpan SinceLast) Read()
        {
            lock (_gate)
            {
                return (_done, _last, _watch.Elapsed - _last);
            }
        }
    }
}
