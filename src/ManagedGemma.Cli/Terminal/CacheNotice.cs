using ManagedGemma.Caching;

namespace ManagedGemma.Cli.Terminal;

/// <summary>What people are told about a cache that did not do all it should, which fails nothing.</summary>
internal static class CacheNotice
{
    /// <summary>Warns if there is something to say.</summary>
    public static void Show(Screen screen, ResultCache? cache)
    {
        if (cache?.Damaged > 0)
        {
            screen.Warn($"{cache.Damaged} damaged entries of the cache were made again");
        }

        if (cache?.Problem is { } problem)
        {
            screen.Warn(problem);
        }
    }
}
