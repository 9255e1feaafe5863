using System.Diagnostics;
using ManagedGemma.Model;
using Spectre.Console;

namespace ManagedGemma.Cli.Terminal;

/// <summary>Runs the decoder and, once that takes more than a second in front of a terminal, shows the layer and the time left.</summary>
internal static class LayerProgressView
{
    private static readonly TimeSpan Delay = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Beat = TimeSpan.FromMilliseconds(100);

    /// <summary>Runs <paramref name="work"/>; what it throws comes out as it is.</summary>
    public static T Run<T>(Screen screen, int layers, Func<IProgress<LayerProgress>?, T> work)
    {
        if (!screen.ShowsProgress)
        {
            return work(null);
        }

        Meter meter = new();
        Task<T> task = Task.Run(() => work(meter));
        if (!Background.IsDone(task, Delay))
        {
            screen.Console.Progress()
                .AutoClear(true)
                .Columns(new SpinnerColumn(), new TaskDescriptionColumn { Alignment = Justify.Left }, new ProgressBarColumn { Width = 30 })
                .Start(context => Follow(context, meter, layers, task));
        }

        return task.GetAwaiter().GetResult();
    }

    private static void Follow(ProgressContext context, Meter meter, int layers, Task task)
    {
        ProgressTask bar = context.AddTask("encode", maxValue: layers);
        do
        {
            (int done, TimeSpan elapsed, TimeSpan sinceLast) = meter.Read();
            bar.Value = done;
            bar.Description = done == 0 ? $"layer 1/{layers}" : $"layer {Math.Min(done + 1, layers)}/{layers}  {Left(done, layers, elapsed, sinceLast)}";
        }
        while (!Background.IsDone(task, Beat));
    }

    // Layers take alike: the time of those done says what the others need, less what the current one has had.
    private static string Left(int done, int layers, TimeSpan elapsed, TimeSpan sinceLast) =>
        Amount.Left(((elapsed.TotalSeconds / done) * (layers - done)) - sinceLast.TotalSeconds);

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
