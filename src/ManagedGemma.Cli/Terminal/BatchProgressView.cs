using System.Diagnostics;

namespace ManagedGemma.Cli.Terminal;

/// <summary>Runs a batch and shows how far it is: a bar in front of a terminal, else a line now and then, for those who keep a log.</summary>
internal static class BatchProgressView
{
    private static readonly TimeSpan BetweenLines = TimeSpan.FromSeconds(30);

    /// <summary>Runs <paramref name="work"/>, which calls what it is given after each pass; what it throws comes out as it is.</summary>
    public static void Run(Screen screen, BatchProgress progress, Action<Action> work)
    {
        if (screen.ShowsProgress)
        {
            LiveProgress.Run(screen, () => { work(() => { }); return 0; }, progress.Read);
            return;
        }

        Stopwatch watch = Stopwatch.StartNew();
        work(() =>
        {
            (double share, string text) = progress.Read();
            if (share < 1 && watch.Elapsed >= BetweenLines)
            {
                watch.Restart();
                screen.Say(text);
            }
        });
    }
}
