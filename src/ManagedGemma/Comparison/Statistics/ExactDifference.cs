using ManagedGemma.Checkpoints;

namespace ManagedGemma.Comparison.Statistics;

/// <summary>How two states of whole numbers differ: element by element, without rounding.</summary>
internal sealed class ExactDifference
{
    private readonly ElementType _typeA;
    private readonly ElementType _typeB;
    private readonly long _channels;
    private UInt128 _largest;

    /// <summary>Begins.</summary>
    public ExactDifference(ElementType typeA, ElementType typeB, long channels) => (_typeA, _typeB, _channels) = (typeA, typeB, channels);

    /// <summary>Places that differ.</summary>
    public long Differing { get; private set; }

    /// <summary>The largest |a − b|, rounded to a double.</summary>
    public double MaxAbs => (double)_largest;

    /// <summary>Where that is first; null when nothing differs.</summary>
    public ElementPlace? MaxAbsAt { get; private set; }

    /// <summary>Adds a run of elements.</summary>
    /// <param name="a">Of one side.</param>
    /// <param name="b">As many of the other.</param>
    /// <param name="first">How many elements are before them.</param>
    public void Add(ReadOnlySpan<byte> a, ReadOnlySpan<byte> b, long first)
    {
        if (_typeA == _typeB && a.SequenceEqual(b))
        {
            return;
        }

        int sizeA = _typeA.ByteSize(), sizeB = _typeB.ByteSize(), count = a.Length / sizeA;
        for (int i = 0; i < count; i++)
        {
            Int128 difference = ElementWidening.ToInteger(a[(i * sizeA)..], _typeA) - ElementWidening.ToInteger(b[(i * sizeB)..], _typeB);
            if (difference == 0)
            {
                continue;
            }

            Differing++;
            UInt128 magnitude = (UInt128)Int128.Abs(difference);
            if (magnitude > _largest)
            {
                _largest = magnitude;
                MaxAbsAt = new ElementPlace((first + i) / _channels, (first + i) % _channels);
            }
        }
    }
}
