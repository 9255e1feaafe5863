namespace ManagedGemma.Hub.Transfer;

/// <summary>Adds up what the downloads tell and passes it on, one report at a time.</summary>
internal sealed class ProgressBoard(IProgress<HubProgress>? progress, TimeProvider clock)
{
    private static readonly TimeSpan Beat = TimeSpan.FromMilliseconds(100);

    private readonly Lock _gate = new();
    private readonly List<Entry> _entries = [];

    /// <summary>Bytes that came over the network.</summary>
    public long Received { get; private set; }

    /// <summary>Adds a file. Nothing is reported before <see cref="Begin"/>.</summary>
    public Entry Add(string file, long length, HubFileState state)
    {
        Entry entry = new(this, file, length) { State = state, Bytes = state == HubFileState.Done ? length : 0 };
        _entries.Add(entry);
        return entry;
    }

    /// <summary>Reports all files once.</summary>
    public void Begin()
    {
        lock (_gate)
        {
            _entries.ForEach(Report);
        }
    }

    private void Report(Entry entry)
    {
        entry.Reported = clock.GetTimestamp();
        progress?.Report(new HubProgress(
            entry.File, entry.State, entry.Bytes, entry.Length, _entries.Sum(x => x.Bytes), _entries.Sum(x => x.Length), Received));
    }

    /// <summary>A file's line on the board.</summary>
    internal sealed class Entry(ProgressBoard board, string file, long length)
    {
        /// <summary>Its name.</summary>
        public string File => file;

        /// <summary>Its length.</summary>
        public long Length => length;

        public HubFileState State { get; set; }

        public long Bytes { get; set; }

        public long Reported { get; set; }

        /// <summary>Says what goes on now and how much of the file is there.</summary>
        public void Set(HubFileState state, long bytes)
        {
            lock (board._gate)
            {
                bool isNew = state != State;
                State = state;
                Bytes = bytes;
                if (isNew || board.IsDue(this))
                {
                    board.Report(this);
                }
            }
        }

        /// <summary>Counts bytes from the network.</summary>
        public void Receive(int count)
        {
            lock (board._gate)
            {
                board.Received += count;
            }

            Set(HubFileState.Downloading, Bytes + count);
        }
    }

    private bool IsDue(Entry entry) => clock.GetElapsedTime(entry.Reported) >= Beat;
}
