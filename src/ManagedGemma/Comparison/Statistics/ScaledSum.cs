using System.Numerics.Tensors;

namespace ManagedGemma.Comparison.Statistics;

/// <summary>
/// A sum that neither overflows nor underflows where its terms' squares would, and whose rounding does not grow with the number of
/// terms: (sum + compensation) · 2^exponent, added as Neumaier does (Zeitschrift für Angewandte Mathematik und Mechanik 54, 1974).
/// </summary>
internal struct ScaledSum
{
    // Squares of magnitudes between these are far from a double's ends, also 2^60 of them together.
    private const double Largest = 1e120, Smallest = 1e-120;

    private double _sum;
    private double _compensation;
    private int _exponent;

    /// <summary>Whether nothing but zeros was added.</summary>
    public readonly bool IsZero => _sum + _compensation == 0;

    /// <summary>The square root of the sum; infinity only where a double cannot hold it.</summary>
    public readonly double SquareRoot => ScaleSquareRoot(_sum + _compensation, _exponent);

    /// <summary>The square root of this sum over another one. Zero over zero is 0, anything else over zero is infinity.</summary>
    public readonly double SquareRootOver(in ScaledSum other) => IsZero
        ? 0
        : other.IsZero ? double.PositiveInfinity : ScaleSquareRoot((_sum + _compensation) / (other._sum + other._compensation), _exponent - other._exponent);

    /// <summary>This sum over another one, which is not zero.</summary>
    public readonly double Over(in ScaledSum other) =>
        Math.ScaleB((_sum + _compensation) / (other._sum + other._compensation), _exponent - other._exponent);

    /// <summary>This sum of products over the norms of the two factors, −1 to 1; null where a norm is zero.</summary>
    public readonly double? Cosine(in ScaledSum left, in ScaledSum right)
    {
        if (left.IsZero || right.IsZero)
        {
            return null;
        }

        double norms = Math.Sqrt(left._sum + left._compensation) * Math.Sqrt(right._sum + right._compensation);
        double cosine = Math.ScaleB((_sum + _compensation) / norms, _exponent - ((left._exponent + right._exponent) / 2));
        return Math.Clamp(cosine, -1, 1);
    }

    /// <summary>Adds another sum.</summary>
    public void Add(in ScaledSum other)
    {
        Add(other._sum, other._exponent);
        Add(other._compensation, other._exponent);
    }

    /// <summary>Adds value · 2^exponent.</summary>
    public void Add(double value, int exponent)
    {
        if (value == 0)
        {
            return;
        }

        if (_sum == 0 && _compensation == 0)
        {
            (_sum, _exponent) = (value, exponent);
            return;
        }

        if (exponent > _exponent)
        {
            _sum = Math.ScaleB(_sum, _exponent - exponent);
            _compensation = Math.ScaleB(_compensation, _exponent - exponent);
            _exponent = exponent;
        }

        double term = Math.ScaleB(value, exponent - _exponent), sum = _sum + term;
        _compensation += Math.Abs(_sum) >= Math.Abs(term) ? (_sum - sum) + term : (term - sum) + _sum;
        _sum = sum;
    }

    /// <summary>Brings values with a magnitude whose square would leave a double's range near 1, by a power of two.</summary>
    /// <param name="values">Finite; scaled in place where needed.</param>
    /// <returns>e: the values were 2^e times what they are now.</returns>
    public static int Normalize(Span<double> values)
    {
        double largest = values.IsEmpty ? 0 : Math.Abs(TensorPrimitives.MaxMagnitude<double>(values));
        if (largest == 0 || (largest >= Smallest && largest <= Largest))
        {
            return 0;
        }

        int exponent = Math.ILogB(largest);
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = Math.ScaleB(values[i], -exponent);
        }

        return exponent;
    }

    // Exponents of squares and of products of two scales; only the former have roots, and they are even.
    private static double ScaleSquareRoot(double value, int exponent) => Math.ScaleB(Math.Sqrt(value), exponent / 2);
}
