namespace ManagedGemma.Cli;

/// <summary>What the process ends with.</summary>
internal static class ExitCode
{
    /// <summary>Everything went well.</summary>
    public const int Done = 0;

    /// <summary>A model, a prompt or an output is not what it should be.</summary>
    public const int Failed = 1;

    /// <summary>The command line itself is wrong.</summary>
    public const int Usage = 2;

    /// <summary><c>compare</c> has compared, and found more than the tolerance allows.</summary>
    public const int Different = 3;

    /// <summary>A defect of this program (EX_SOFTWARE of sysexits.h).</summary>
    public const int Defect = 70;

    /// <summary>Stopped by Ctrl-C or a signal: 128 + SIGINT.</summary>
    public const int Interrupted = 130;
}
