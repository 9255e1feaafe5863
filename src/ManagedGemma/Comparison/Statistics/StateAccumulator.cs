using System.Numerics.Tensors;

namespace ManagedGemma.Comparison.Statistics;

/// <summary>
/// How two states differ, in one pass over them. Runs of at most <see cref="LongestRun"/> elements are summed plainly and those sums
/// added with compensation, so that a sum of squares is off by at most (LongestRun + 8) · 2^-53 of itself, whatever the state's size:
/// 3 roundings in a term, LongestRun − 1 in the run, and no more than four units in what is left.
/// </summary>
/// <remarks>An element that is not a finite number on both sides is counted and takes no part in sums, on either side.</remarks>
internal sealed class StateAccumulator
{
    /// <summary>The most elements of one <see cref="Add"/>.</summary>
    public const int LongestRun = 4096;

    // From here on a difference of two doubles may overflow.
    private const double Huge = 8e307;

    private readonly double[] _scratch;
    private readonly double[]? _channelErrors;
    private readonly double[]? _channelReferences;
    private readonly WorstList _worstRows;
    private readonly HeatRow? _heat;
    private readonly int _top;
    private ScaledSum _rowErrors, _rowReferences, _rowLeft;
    private ScaledSum _errors, _references, _left, _products;
    private long _row;
    private long _rowNonFinite, _rowCompared, _rowCount;

    /// <summary>Begins.</summary>
    /// <param name="rows">Rows of the state.</param>
    /// <param name="channels">Channels of which sums are kept; 0: none.</param>
    /// <param name="top">How many of the worst rows and channels are wanted.</param>
    /// <param name="heatColumns">Columns for <see cref="StateComparison.Heat"/>; 0: none.</param>
    /// <param name="scratch"><see cref="LongestRun"/> numbers that several may share.</param>
    public StateAccumulator(long rows, long channels, int top, int heatColumns, double[] scratch)
    {
        _top = top;
        _scratch = scratch;
        _worstRows = new WorstList(top);
        if (top > 0 && channels > 0)
        {
            _channelErrors = new double[channels];
            _channelReferences = new double[channels];
        }

        _heat = heatColumns > 0 && rows > 0 ? new HeatRow(rows, heatColumns) : null;
    }

    /// <summary>The largest |a − b|, 0 when nothing was compared; infinity where a double cannot hold it.</summary>
    public double MaxAbs { get; private set; }

    /// <summary>Where that is first; null when nothing differs.</summary>
    public ElementPlace? MaxAbsAt { get; private set; }

    /// <summary>Elements that are finite on both sides.</summary>
    public long Compared { get; private set; }

    /// <summary>Places where both sides are NaN.</summary>
    public long EqualNaNs { get; private set; }

    /// <summary>Places where both sides are the same infinity.</summary>
    public long EqualInfinities { get; private set; }

    /// <summary>Places where a side is not a finite number and the other is not the same.</summary>
    public long NonFiniteDifferences { get; private set; }

    /// <summary>The first of those.</summary>
    public ElementPlace? NonFiniteAt { get; private set; }

    /// <summary>Rows of zeros on both sides.</summary>
    public long ZeroRows { get; private set; }

    /// <summary>Rows of zeros in A alone.</summary>
    public long ZeroRowsOnlyInA { get; private set; }

    /// <summary>Rows of zeros in B alone.</summary>
    public long ZeroRowsOnlyInB { get; private set; }

    /// <summary>Rows that were left out.</summary>
    public long SkippedRows { get; private set; }

    /// <summary>|A − B| / |B|; 0 when both are zero.</summary>
    public double RelativeL2 => _errors.SquareRootOver(_references);

    /// <summary>|A − B|.</summary>
    public double DifferenceL2 => _errors.SquareRoot;

    /// <summary>|B|.</summary>
    public double ReferenceL2 => _references.SquareRoot;

    /// <summary>A · B / (|A| |B|); null where one of them is zero.</summary>
    public double? Cosine => _products.Cosine(_left, _references);

    /// <summary>A row's relative L2 each, the largest where several share a column; null when none are wanted.</summary>
    public float[]? Heat => _heat?.Values;

    /// <summary>The rows that contribute most to the squared error.</summary>
    public IReadOnlyList<WorstPart> WorstRows => _worstRows.Take(DifferenceL2);

    /// <summary>Adds a run of the current row.</summary>
    /// <param name="a">Of one side; overwritten.</param>
    /// <param name="b">Of the other, the reference; overwritten.</param>
    /// <param name="channel">The run's first channel.</param>
    public void Add(Span<double> a, Span<double> b, long channel)
    {
        _rowCount += a.Length;
        double largest = Math.Max(Largest(a), Largest(b));
        if (!double.IsFinite(largest))
        {
            Exclude(a, b, channel);
            largest = Math.Max(Largest(a), Largest(b));
        }
        else
        {
            _rowCompared += a.Length;
        }

        Span<double> difference = _scratch.AsSpan(0, a.Length);
        int halved = 0;
        if (largest >= Huge)
        {
            TensorPrimitives.Multiply(a, 0.5, difference);
            TensorPrimitives.MultiplyAdd(b, -0.5, difference, difference);
            halved = 1;
        }
        else
        {
            TensorPrimitives.Subtract<double>(a, b, difference);
        }

        Notice(difference, halved, channel);
        if (_channelErrors is not null && _channelReferences is not null)
        {
            Span<double> errors = _channelErrors.AsSpan((int)channel, a.Length), references = _channelReferences.AsSpan((int)channel, a.Length);
            TensorPrimitives.MultiplyAdd<double>(difference, difference, errors, errors);
            TensorPrimitives.MultiplyAdd<double>(b, b, references, references);
        }

        int scaleA = ScaledSum.Normalize(a), scaleB = ScaledSum.Normalize(b), scale = ScaledSum.Normalize(difference) + halved;
        _rowErrors.Add(TensorPrimitives.SumOfSquares<double>(difference), 2 * scale);
        _rowReferences.Add(TensorPrimitives.SumOfSquares<double>(b), 2 * scaleB);
        _rowLeft.Add(TensorPrimitives.SumOfSquares<double>(a), 2 * scaleA);
        _products.Add(TensorPrimitives.Dot<double>(a, b), scaleA + scaleB);
    }

    /// <summary>Ends the current row.</summary>
    public void EndRow()
    {
        double relative = _rowErrors.SquareRootOver(_rowReferences);
        _worstRows.Add(_row, _rowErrors.SquareRoot, relative);
        _heat?.Add(_row, _rowNonFinite > 0 ? double.PositiveInfinity : _rowCompared > 0 ? relative : double.NaN);
        if (_rowCompared == _rowCount && _rowCount > 0)
        {
            ZeroRows += _rowLeft.IsZero && _rowReferences.IsZero ? 1 : 0;
            ZeroRowsOnlyInA += _rowLeft.IsZero && !_rowReferences.IsZero ? 1 : 0;
            ZeroRowsOnlyInB += !_rowLeft.IsZero && _rowReferences.IsZero ? 1 : 0;
        }

        _errors.Add(_rowErrors);
        _references.Add(_rowReferences);
        _left.Add(_rowLeft);
        Compared += _rowCompared;
        NonFiniteDifferences += _rowNonFinite;
        (_rowErrors, _rowReferences, _rowLeft) = (default, default, default);
        (_rowNonFinite, _rowCompared, _rowCount) = (0, 0, 0);
        _row++;
    }

    /// <summary>Leaves the current row out.</summary>
    public void SkipRow()
    {
        SkippedRows++;
        _row++;
    }

    /// <summary>The channels that contribute most to the squared error; none where a square leaves a double's range, or there are too many to count.</summary>
    public IReadOnlyList<WorstPart> WorstChannels()
    {
        if (_channelErrors is null || _channelReferences is null)
        {
            return [];
        }

        WorstList worst = new(_top);
        for (int i = 0; i < _channelErrors.Length; i++)
        {
            double error = _channelErrors[i], reference = _channelReferences[i];
            if (double.IsFinite(error) && double.IsFinite(reference))
            {
                worst.Add(i, Math.Sqrt(error), error == 0 ? 0 : Math.Sqrt(error / reference));
            }
        }

        return worst.Take(DifferenceL2);
    }

    // NaN if one is.
    private static double Largest(ReadOnlySpan<double> values) => values.IsEmpty ? 0 : Math.Abs(TensorPrimitives.MaxMagnitude(values));

    private void Notice(ReadOnlySpan<double> difference, int halved, long channel)
    {
        double magnitude = Largest(difference), largest = Math.ScaleB(magnitude, halved);
        if (largest > MaxAbs)
        {
            // Not the library's index of the largest magnitude, for which 2 is larger than -2.
            int index = 0;
            while (Math.Abs(difference[index]) != magnitude)
            {
                index++;
            }

            (MaxAbs, MaxAbsAt) = (largest, new ElementPlace(_row, channel + index));
        }
    }

    private void Exclude(Span<double> a, Span<double> b, long channel)
    {
        for (int i = 0; i < a.Length; i++)
        {
            if (double.IsFinite(a[i]) && double.IsFinite(b[i]))
            {
                _rowCompared++;
                continue;
            }

            if (double.IsNaN(a[i]) && double.IsNaN(b[i]))
            {
                EqualNaNs++;
            }
            else if (a[i] == b[i])
            {
                EqualInfinities++;
            }
            else
            {
                _rowNonFinite++;
                NonFiniteAt ??= new ElementPlace(_row, channel + i);
            }

            (a[i], b[i]) = (0, 0);
        }
    }
}
