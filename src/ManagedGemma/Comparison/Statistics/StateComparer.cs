using ManagedGemma.Checkpoints;
using ManagedGemma.Comparison.States;

namespace ManagedGemma.Comparison.Statistics;

/// <summary>Runs over pairs of states, each element once.</summary>
internal sealed class StateComparer
{
    // Two numbers a channel are kept, for all states of a pass: 16 MB at most.
    private const long MostChannels = 1 << 20;

    private const int LongestExactRun = 1 << 15;
    private const long ReportBytes = 4 << 20;

    private readonly ComparisonOptions _options;
    private readonly bool[]? _padding;
    private readonly long _totalBytes;
    private readonly IProgress<ComparisonProgress>? _progress;
    private readonly CancellationToken _cancellation;
    private readonly StateReader _readerA = new();
    private readonly StateReader _readerB = new();
    private readonly double[] _runA = new double[StateAccumulator.LongestRun];
    private readonly double[] _runB = new double[StateAccumulator.LongestRun];
    private readonly double[] _scratch = new double[StateAccumulator.LongestRun];
    private long _reportedBytes;

    /// <summary>Prepares.</summary>
    /// <param name="options">What is equal.</param>
    /// <param name="padding">Rows to leave out of states with as many rows; null: none.</param>
    /// <param name="totalBytes">For progress.</param>
    /// <param name="progress">Told every few megabytes.</param>
    /// <param name="cancellation">Looked at every few thousand elements.</param>
    public StateComparer(
        ComparisonOptions options, bool[]? padding, long totalBytes, IProgress<ComparisonProgress>? progress, CancellationToken cancellation)
    {
        (_options, _padding, _totalBytes, _progress, _cancellation) = (options, padding, totalBytes, progress, cancellation);
    }

    /// <summary>Bytes of both sides that have been compared, or left out as padding.</summary>
    public long DoneBytes { get; private set; }

    /// <summary>Compares all, in order.</summary>
    public IReadOnlyList<StateComparison> Run(IReadOnlyList<StatePair> pairs)
    {
        List<StateComparison> states = [];
        for (int i = 0; i < pairs.Count;)
        {
            int end = i + 1;
            while (end < pairs.Count && pairs[i].IsInterleavedWith(pairs[end]))
            {
                end++;
            }

            if (!pairs[i].HasOneShape)
            {
                states.Add(Describe(pairs[i]) with { Verdict = StateVerdict.ShapesDiffer });
            }
            else if (pairs[i].IsExact)
            {
                states.Add(CompareExactly(pairs[i]));
            }
            else
            {
                states.AddRange(CompareTogether([.. pairs.Skip(i).Take(end - i)]));
            }

            i = end;
        }

        return states;
    }

    // Pairs of one shape; of several, their states take turns within a row.
    private IEnumerable<StateComparison> CompareTogether(StatePair[] pairs)
    {
        StateView first = pairs[0].A;
        long kept = first.Channels * pairs.Length <= MostChannels ? first.Channels : 0;
        StateAccumulator[] sums = [.. pairs.Select(_ => new StateAccumulator(first.Rows, kept, _options.Top, _options.HeatColumns, _scratch))];
        int longest = Math.Max(1, StateAccumulator.LongestRun / Math.Max(first.Stride, pairs[0].B.Stride));
        long rowBytes = first.Rows == 0 ? 0 : pairs.Sum(x => x.Bytes) / first.Rows;
        bool[]? padding = _padding?.Length == first.Rows ? _padding : null;
        for (long row = 0; row < first.Rows; row++)
        {
            if (padding is not null && padding[row])
            {
                Array.ForEach(sums, x => x.SkipRow());
                Report(rowBytes);
                continue;
            }

            for (long channel = 0; channel < first.Channels; channel += longest)
            {
                _cancellation.ThrowIfCancellationRequested();
                int count = (int)Math.Min(longest, first.Channels - channel);
                for (int i = 0; i < pairs.Length; i++)
                {
                    _readerA.Read(pairs[i].A, row, channel, _runA.AsSpan(0, count));
                    _readerB.Read(pairs[i].B, row, channel, _runB.AsSpan(0, count));
                    sums[i].Add(_runA.AsSpan(0, count), _runB.AsSpan(0, count), channel);
                }

                Report((long)((double)rowBytes * count / first.Channels));
            }

            Array.ForEach(sums, x => x.EndRow());
        }

        return pairs.Select((pair, i) => Describe(pair, sums[i]));
    }

    private StateComparison CompareExactly(StatePair pair)
    {
        ElementType typeA = pair.A.Tensor.ElementType, typeB = pair.B.Tensor.ElementType;
        TensorWindow windowA = new(), windowB = new();
        ExactDifference difference = new(typeA, typeB, pair.A.Channels);
        int sizeA = typeA.ByteSize(), sizeB = typeB.ByteSize();
        for (long first = 0; first < pair.A.Count; first += LongestExactRun)
        {
            _cancellation.ThrowIfCancellationRequested();
            int count = (int)Math.Min(LongestExactRun, pair.A.Count - first);
            difference.Add(windowA.Read(pair.A.Tensor, first * sizeA, count * sizeA), windowB.Read(pair.B.Tensor, first * sizeB, count * sizeB), first);
            Report(count * (sizeA + sizeB));
        }

        bool isWithin = difference.Differing == 0;
        return Describe(pair) with
        {
            Verdict = isWithin ? StateVerdict.Within : StateVerdict.Outside,
            IsExact = true,
            Differing = difference.Differing,
            MaxAbs = difference.MaxAbs,
            MaxAbsAt = difference.MaxAbsAt,
            Compared = pair.A.Count,
        };
    }

    private StateComparison Describe(StatePair pair, StateAccumulator sums)
    {
        bool isWithin = sums.NonFiniteDifferences == 0
            && sums.RelativeL2 <= _options.Tolerance
            && sums.MaxAbs <= (_options.MaxAbs ?? double.PositiveInfinity);
        return Describe(pair) with
        {
            Verdict = isWithin ? StateVerdict.Within : StateVerdict.Outside,
            MaxAbs = sums.MaxAbs,
            MaxAbsAt = sums.MaxAbsAt,
            RelativeL2 = sums.RelativeL2,
            Cosine = sums.Cosine,
            DifferenceL2 = sums.DifferenceL2,
            ReferenceL2 = sums.ReferenceL2,
            Compared = sums.Compared,
            EqualNaNs = sums.EqualNaNs,
            EqualInfinities = sums.EqualInfinities,
            NonFiniteDifferences = sums.NonFiniteDifferences,
            NonFiniteAt = sums.NonFiniteAt,
            ZeroRows = sums.ZeroRows,
            ZeroRowsOnlyInA = sums.ZeroRowsOnlyInA,
            ZeroRowsOnlyInB = sums.ZeroRowsOnlyInB,
            SkippedRows = sums.SkippedRows,
            WorstRows = sums.WorstRows,
            WorstChannels = sums.WorstChannels(),
            Heat = sums.Heat,
        };
    }

    private static StateComparison Describe(StatePair pair) => new()
    {
        Name = pair.A.Name,
        TypeA = pair.A.Tensor.ElementType,
        TypeB = pair.B.Tensor.ElementType,
        ShapeA = pair.A.Shape,
        ShapeB = pair.B.Shape,
        Rows = pair.A.Rows,
        Verdict = StateVerdict.Within,
    };

    private void Report(long bytes)
    {
        DoneBytes += bytes;
        if (_progress is not null && DoneBytes - _reportedBytes >= ReportBytes)
        {
            _reportedBytes = DoneBytes;
            _progress.Report(new ComparisonProgress(DoneBytes, _totalBytes));
        }
    }
}
