using ManagedGemma.Hub;
using Spectre.Console;

namespace ManagedGemma.Cli.Terminal;

/// <summary>Runs a download and shows it: bars on a terminal, now and then a line elsewhere.</summary>
internal static class PullProgressView
{
    private static readonly TimeSpan Beat = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LineEvery = TimeSpan.FromSeconds(10);

    /// <summary>Runs <paramref name="work"/>; what it throws comes out as it is.</summary>
    public static T Run<T>(Screen screen, Func<IProgress<HubProgress>, Task<T>> work)
    {
        TransferMeter meter = new(TimeProvider.System) { Told = screen.ShowsProgress ? null : report => SayDone(screen, report) };
        Task<T> task = Task.Run(() => work(meter));
        if (screen.ShowsProgress)
        {
            screen.Console.Progress()
                .AutoClear(true)
                .HideCompleted(true)
                .Columns(new SpinnerColumn(), new ProgressBarColumn { Width = 30 }, new TaskDescriptionColumn { Alignment = Justify.Left })
                .Start(context => Follow(context, meter, task));
        }
        else
        {
            while (!Background.IsDone(task, LineEvery))
            {
                screen.Say(meter.Read().ToString());
            }
        }

        return task.GetAwaiter().GetResult();
    }

    private static void SayDone(Screen screen, HubProgress report)
    {
        if (report.State == HubFileState.Done)
        {
            screen.Say($"{report.File}, {Amount.Bytes(report.Length)}");
        }
        else if (report.State == HubFileState.Waiting)
        {
            screen.Say($"{report.File}: another process downloads it, waiting");
        }
    }

    private static void Follow(ProgressContext context, TransferMeter meter, Task task)
    {
        ProgressTask all = context.AddTask("asking the hub", maxValue: 1);
        Dictionary<string, ProgressTask> bars = new(StringComparer.Ordinal);
        do
        {
            TransferStatus status = meter.Read();
            if (status.FileCount > 0)
            {
                all.MaxValue = Math.Max(1, status.Length);

                // The last bit only when all is in place: a full bar would be hidden before.
                all.Value = Math.Min(status.Bytes, Math.Max(0, all.MaxValue - 1));
                all.Description = Markup.Escape(status.ToString());
            }

            foreach (HubProgress file in status.Active)
            {
                string description = Markup.Escape(SafeText.Show(file.File) + StateOf(file.State));
                if (!bars.TryGetValue(file.File, out ProgressTask? bar))
                {
                    bars.Add(file.File, bar = context.AddTask(description, maxValue: Math.Max(1, file.Length)));
                }

                bar.Value = Math.Min(file.Bytes, Math.Max(0, bar.MaxValue - 1));
                bar.Description = description;
            }

            foreach ((string file, ProgressTask bar) in bars)
            {
                if (!bar.IsFinished && !status.Active.Any(x => x.File == file))
                {
                    bar.Value = bar.MaxValue;
                }
            }
        }
        while (!Background.IsDone(task, Beat));
    }

    private static string StateOf(HubFileState state) => state switch
    {
        HubFileState.Waiting => "  (another process downloads it)",
        HubFileState.Checking => "  (checking what is there)",
        _ => string.Empty,
    };
}
