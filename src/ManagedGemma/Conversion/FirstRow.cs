namespace ManagedGemma.Conversion;

/// <summary>The least of the rows that several threads note.</summary>
internal sealed class FirstRow
{
    private readonly Lock _gate = new();

    /// <summary>The least row; null while none is noted.</summary>
    public long? Row { get; private set; }

    /// <summary>Notes a row.</summary>
    public void Note(long row)
    {
        lock (_gate)
        {
            Row = Math.Min(Row ?? row, row);
        }
    }
}
