using Spectre.Console;

namespace ManagedGemma.Cli.Terminal;

/// <summary>Runs something in front of a terminal and, once it takes more than a second, shows how far it is.</summary>
internal static class LiveProgress
{
    private static readonly TimeSpan Delay = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Beat = TimeSpan.FromMilliseconds(100);

    /// <summary>Runs <paramref name="work"/>; what it throws comes out as it is.</summary>
    /// <param name="screen">One that shows progress.</param>
    /// <param name="work">Runs on another thread.</param>
    /// <param name="read">How much is done, 0 to 1, and the text beside the bar; asked ten times a second.</param>
    public static T Run<T>(Screen screen, Func<T> work, Func<(double Share, string Text)> read)
    {
        Task<T> task = Task.Run(work);
        if (!Background.IsDone(task, Delay))
        {
            screen.Console.Progress()
                .AutoClear(true)
                .Columns(new SpinnerColumn(), new TaskDescriptionColumn { Alignment = Justify.Left }, new ProgressBarColumn { Width = 30 })
                .Start(context => Follow(context, task, read));
        }

        return task.GetAwaiter().GetResult();
    }

    private static void Follow(ProgressContext context, Task task, Func<(double Share, string Text)> read)
    {
        ProgressTask bar = context.AddTask("encode", maxValue: 1);
        do
        {
            (bar.Value, bar.Description) = read();
        }
        while (!Background.IsDone(task, Beat));
    }
}
