namespace ManagedGemma.Cli.Terminal;

/// <summary>Work that goes on while a display moves.</summary>
internal static class Background
{
    /// <summary>Waits a while; whether the work has ended, well or not. How it ended is for the caller to ask.</summary>
    public static bool IsDone(Task task, TimeSpan wait)
    {
        try
        {
            return task.Wait(wait);
        }
        catch (AggregateException)
        {
            return true;
        }
    }
}
