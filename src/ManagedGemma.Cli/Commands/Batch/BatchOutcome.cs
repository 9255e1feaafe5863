namespace ManagedGemma.Cli.Commands.Batch;

/// <summary>What became of a line of a batch.</summary>
internal enum BatchOutcome
{
    /// <summary>Its file is written.</summary>
    Encoded,

    /// <summary>Its file was there.</summary>
    Skipped,

    /// <summary>Something is wrong with it.</summary>
    Failed,
}
