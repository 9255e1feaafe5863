using System.CommandLine;

namespace ManagedGemma.Cli.Options;

/// <summary>Options that several commands have, in the same words.</summary>
internal static class CommonOptions
{
    private const int MostThreads = 1024;

    /// <summary>Threads; null: all.</summary>
    public static CountOption Threads(string description = "Threads that compute. Default: all that the process may use.") =>
        new("--threads", description, MostThreads, null);

    /// <summary>Whether a layer's pages are given back.</summary>
    public static Option<bool> LowMemory() => new("--low-memory")
    {
        Description = "Give each layer's pages back to the system once it has run: for a machine with less memory than the model's file.",
    };

    /// <summary>Whether only problems are told.</summary>
    public static Option<bool> Quiet(string description = "Say nothing but warnings and errors.") => new("--quiet", "-q") { Description = description };
}
