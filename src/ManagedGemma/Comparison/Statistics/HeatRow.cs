namespace ManagedGemma.Comparison.Statistics;

/// <summary>A figure a row, in at most so many columns; where several rows share a column, the largest.</summary>
internal sealed class HeatRow
{
    private readonly long _rows;

    /// <summary>Begins with NaN everywhere.</summary>
    public HeatRow(long rows, int mostColumns)
    {
        _rows = rows;
        Values = new float[Math.Min(rows, mostColumns)];
        Values.AsSpan().Fill(float.NaN);
    }

    /// <summary>NaN: no figure.</summary>
    public float[] Values { get; }

    /// <summary>Adds a row's figure.</summary>
    public void Add(long row, double value)
    {
        ref float column = ref Values[(int)((UInt128)row * (UInt128)Values.Length / (UInt128)_rows)];
        if (!double.IsNaN(value) && !(column >= value))
        {
            column = (float)value;
        }
    }
}
