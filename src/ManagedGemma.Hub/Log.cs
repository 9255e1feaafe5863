using Microsoft.Extensions.Logging;

namespace ManagedGemma.Hub;

/// <summary>What is worth a line in a log.</summary>
internal static partial class Log
{
    [LoggerMessage(1, LogLevel.Information, "{Repository}: commit {Commit}, {Missing} of {Count} files to download, {Bytes} bytes")]
    public static partial void Begins(ILogger logger, string repository, string commit, int missing, int count, long bytes);

    [LoggerMessage(2, LogLevel.Information, "{File}: another process downloads it, waiting")]
    public static partial void WaitsForOther(ILogger logger, string file);

    [LoggerMessage(3, LogLevel.Information, "{File}: going on at byte {Position}")]
    public static partial void Resumes(ILogger logger, string file, long position);

    [LoggerMessage(4, LogLevel.Warning, "{File}: beginning anew, {Reason}")]
    public static partial void BeginsAnew(ILogger logger, string file, string reason);
}
