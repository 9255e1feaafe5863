namespace ManagedGemma.Hub;

/// <summary>What is going on with a file.</summary>
public enum HubFileState
{
    /// <summary>It has its turn to come.</summary>
    Queued,

    /// <summary>Another process downloads it; this one waits for it to end.</summary>
    Waiting,

    /// <summary>What an earlier attempt left is read again, for the checksum.</summary>
    Checking,

    /// <summary>Bytes come.</summary>
    Downloading,

    /// <summary>It is there, whole and verified.</summary>
    Done,
}
