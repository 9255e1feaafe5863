namespace ManagedGemma.Cli.Output;

/// <summary>What <c>pull --json</c> prints.</summary>
internal sealed record PullReport
{
    /// <summary>owner/name.</summary>
    public required string Repository { get; init; }

    /// <summary>The branch, tag or commit that was asked for.</summary>
    public required string Revision { get; init; }

    public required string Commit { get; init; }

    /// <summary>The snapshot's directory.</summary>
    public required string Path { get; init; }

    public required IReadOnlyList<PullFile> Files { get; init; }

    /// <summary>All files.</summary>
    public required long Bytes { get; init; }

    /// <summary>What came over the network.</summary>
    public required long ReceivedBytes { get; init; }

    public required double Seconds { get; init; }
}

/// <summary>A file.</summary>
internal sealed record PullFile(string Name, long Bytes, string Checksum, bool Downloaded);
