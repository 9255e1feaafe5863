namespace ManagedGemma.Cli;

/// <summary>The command line is wrong in a way that its grammar alone does not tell; ends with <see cref="ExitCode.Usage"/>.</summary>
internal sealed class UsageException(string message) : Exception(message);
