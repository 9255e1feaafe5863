using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;
using ManagedGemma.Comparison;
using ManagedGemma.Comparison.Statistics;
using ManagedGemma.Tests.Support;

namespace ManagedGemma.Tests.Comparison;

/// <summary>Statistics against their definitions.</summary>
public class StateAccumulatorTests
{
    private const double Unit = 1.0 / (1L << 53);

    // Floats are multiples of 2⁻¹⁴⁹, doubles near the least of them multiples of 2⁻²⁰¹, and a double holds multiples of 2⁻¹⁰⁷⁴.
    private const int LeastExactPower = -1074 + 201;

    private static Arbitrary<(int Seed, int Rows, int Channels, int Kind)> Cases { get; } =
        (from seed in Gen.Choose(0, int.MaxValue - 2)
         from rows in Gen.Choose(0, 9)
         from channels in Gen.OneOf(Gen.Choose(1, 70), Gen.Elements(640, 4095, 4096, 4097, 9000))
         from kind in Gen.Choose(0, 4)
         select (seed, rows, channels, kind)).ToArbitrary();

    [Property(MaxTest = 300)]
    public Property Figures_are_those_of_the_definitions() => Prop.ForAll(Cases, c =>
    {
        (double[] a, double[] b) = Pair(c.Seed, c.Rows * c.Channels, c.Kind);
        PlainDifference plain = new(a, b, c.Channels);
        StateAccumulator sums = Run(a, b, c.Channels);

        // Two sums of squares, each off by as many roundings as it has terms in a chain: half of that in a root, all of it in a ratio.
        double bound = (a.Length + StateAccumulator.LongestRun + 32) * Unit;
        return (sums.MaxAbs == plain.MaxAbs).Label("max abs")
            .And(Close(sums.RelativeL2, plain.RelativeL2, 2 * bound).Label("relative L2"))
            .And(Close(sums.DifferenceL2, Math.Sqrt(plain.Error), 2 * bound).Label("|A - B|"))
            .And(Close(sums.ReferenceL2, Math.Sqrt(plain.Reference), 2 * bound).Label("|B|"))
            .And((sums.Cosine is null == plain.Cosine is null && Math.Abs((sums.Cosine ?? 0) - (plain.Cosine ?? 0)) <= 3 * bound).Label("cosine"))
            .And((sums.Cosine is null or (>= -1 and <= 1)).Label("a cosine's range"))
            .And(((sums.Compared, sums.EqualNaNs, sums.EqualInfinities, sums.NonFiniteDifferences)
                == (plain.Compared, plain.EqualNaNs, plain.EqualInfinities, plain.NonFiniteDifferences)).Label("counts"));
    });

    [Property(MaxTest = 200)]
    public Property Worst_rows_and_channels_are_those_of_the_largest_error() => Prop.ForAll(Cases, c =>
    {
        (double[] a, double[] b) = Pair(c.Seed, c.Rows * c.Channels, c.Kind);
        PlainDifference plain = new(a, b, c.Channels);
        StateAccumulator sums = Run(a, b, c.Channels, top: 3);
        return IsTop(sums.WorstRows, plain.RowErrors, plain.RowReferences, plain.Error).Label("rows")
            .And(IsTop(sums.WorstChannels(), plain.ChannelErrors, plain.ChannelReferences, plain.Error).Label("channels"));
    });

    [Property(MaxTest = 200)]
    public Property Powers_of_two_change_nothing_but_the_scale() => Prop.ForAll(
        Cases, Gen.Choose(LeastExactPower, 960).ToArbitrary(), (c, power) =>
    {
        (double[] a, double[] b) = Pair(c.Seed, c.Rows * c.Channels, 0);
        StateAccumulator plain = Run(a, b, c.Channels), scaled = Run(Scale(a, power), Scale(b, power), c.Channels);

        // The scale moves where runs are scaled, and with it the roundings.
        double bound = (StateAccumulator.LongestRun + 32) * Unit;
        return Close(scaled.RelativeL2, plain.RelativeL2, 2 * bound).Label("relative L2")
            .And(Close(scaled.DifferenceL2, Math.ScaleB(plain.DifferenceL2, power), 2 * bound).Label("|A - B|"))
            .And((scaled.Cosine is null == plain.Cosine is null && Math.Abs((scaled.Cosine ?? 0) - (plain.Cosine ?? 0)) <= 3 * bound).Label("cosine"))
            .And((scaled.MaxAbs == Math.ScaleB(plain.MaxAbs, power)).Label("max abs"));
    });

    [Fact]
    public void Rounding_does_not_grow_with_the_number_of_rows()
    {
        // 2^53 + 1 + 1 + … in plain double stays 2^53, which is off by 3e-4 here; three units in the last place are 5e-8.
        const int Rows = 1 << 16;
        double large = Math.Pow(2, 26.5);
        double[] a = [large, .. Enumerable.Repeat(1.0, Rows)];
        StateAccumulator sums = Run(a, new double[a.Length], 1);
        Assert.Equal(large * (1 + (Rows / (large * large) / 2)), sums.DifferenceL2, 5e-8);
    }

    [Fact]
    public void A_difference_that_no_double_holds_is_infinite_and_its_share_is_right()
    {
        StateAccumulator sums = Run([double.MaxValue, 0], [-double.MaxValue, 0], 2);
        Assert.Equal((double.PositiveInfinity, 2.0, -1.0), (sums.MaxAbs, sums.RelativeL2, sums.Cosine!.Value));
        Assert.Equal(new ElementPlace(0, 0), sums.MaxAbsAt);
    }

    [Fact]
    public void Zeros_have_no_direction()
    {
        Assert.Equal((0.0, null), Figures(Run([0, 0], [0, 0], 2)));
        Assert.Equal((double.PositiveInfinity, null), Figures(Run([1, 0], [0, 0], 2)));
        Assert.Equal((1.0, null), Figures(Run([0, 0], [1, 0], 2)));
        Assert.Equal((0.0, null), Figures(Run([], [], 1)));

        static (double, double?) Figures(StateAccumulator sums) => (sums.RelativeL2, sums.Cosine);
    }

    [Fact]
    public void Rows_of_zeros_are_told_apart()
    {
        StateAccumulator sums = Run([0, 0, 0, 0, 1, 0, 1, 1, 0, double.NaN], [0, 0, 0, 2, 0, 0, 1, 1, 0, double.NaN], 2);
        Assert.Equal((1, 1, 1), (sums.ZeroRows, sums.ZeroRowsOnlyInA, sums.ZeroRowsOnlyInB));
    }

    [Fact]
    public void The_first_place_is_named()
    {
        StateAccumulator sums = Run([1, 2, 3, 6, 5, double.NaN, double.NaN, 0, 2], [1, 4, 1, 4, 5, 6, 7, 0, 0], 3);
        Assert.Equal((new ElementPlace(0, 1), new ElementPlace(1, 2)), (sums.MaxAbsAt!.Value, sums.NonFiniteAt!.Value));
    }

    [Fact]
    public void Of_rows_and_channels_with_one_error_the_first_are_named()
    {
        StateAccumulator rows = Run([1, 3, 3, 3, 3], [1, 2, 2, 2, 2], 1, top: 3), channels = Run([1, 3, 3, 3, 3], [1, 2, 2, 2, 2], 5, top: 3);
        Assert.Equal([1, 2, 3], rows.WorstRows.Select(x => x.Index));
        Assert.Equal([1, 2, 3], channels.WorstChannels().Select(x => x.Index));
    }

    [Fact]
    public void Heat_is_a_rows_relative_error_or_the_largest_of_several()
    {
        double[] a = [1, 2, 3, 0, double.NaN, double.NaN], b = [1, 1, 2, 1, double.NaN, 1];
        Assert.Equal([0, 1, 0.5f, 1, float.NaN, float.PositiveInfinity], Heat(6));
        Assert.Equal([1, 1, float.PositiveInfinity], Heat(3));

        float[] Heat(int columns)
        {
            StateAccumulator sums = new(6, 1, 0, columns, new double[StateAccumulator.LongestRun]);
            for (int i = 0; i < a.Length; i++)
            {
                sums.Add([a[i]], [b[i]], 0);
                sums.EndRow();
            }

            return sums.Heat!;
        }
    }

    private static StateAccumulator Run(double[] a, double[] b, int channels, int top = 5)
    {
        StateAccumulator sums = new(a.Length / channels, channels, top, 0, new double[StateAccumulator.LongestRun]);
        for (int row = 0; row < a.Length / channels; row++)
        {
            for (int channel = 0; channel < channels; channel += StateAccumulator.LongestRun)
            {
                int start = (row * channels) + channel, count = Math.Min(StateAccumulator.LongestRun, channels - channel);
                sums.Add(a.AsSpan(start, count).ToArray(), b.AsSpan(start, count).ToArray(), channel);
            }

            sums.EndRow();
        }

        return sums;
    }

    private static (double[] A, double[] B) Pair(int seed, int count, int kind)
    {
        Random random = new(seed);
        double[] b = Array.ConvertAll(Nasty.Floats(seed, count), x => (double)x);
        double[] a = kind switch
        {
            0 => Array.ConvertAll(b, x => x * (1 + (1e-3 * random.NextDouble()))),
            1 => Array.ConvertAll(Nasty.Floats(seed + 1, count), x => (double)x),
            2 => [.. b],
            3 => Array.ConvertAll(b, x => -x),
            _ => Array.ConvertAll(b, x => x + (random.Next(50) == 0 ? random.NextDouble() : 0)),
        };
        if (kind == 4)
        {
            double[] odd = [double.NaN, double.PositiveInfinity, double.NegativeInfinity, 0, 1];
            for (int i = 0; i < count; i += 1 + random.Next(40))
            {
                (a[i], b[i]) = (odd[random.Next(odd.Length)], odd[random.Next(odd.Length)]);
            }
        }

        return (a, b);
    }

    private static double[] Scale(double[] values, int power) => Array.ConvertAll(values, x => Math.ScaleB(x, power));

    private static bool Close(double value, double expected, double relative) =>
        value.Equals(expected) || Math.Abs(value - expected) <= relative * Math.Abs(expected);

    private static bool IsTop(IReadOnlyList<WorstPart> found, double[] errors, double[] references, double total)
    {
        // Sums in another order: neighbours whose errors are this near may be taken for each other.
        double bound = (errors.Length + references.Length + 9000 + StateAccumulator.LongestRun) * 4 * Unit;
        double[] largest = [.. errors.Where(x => x > 0).OrderDescending().Take(3)];
        return found.Count == largest.Length
            && found.Select(x => x.Index).Distinct().Count() == found.Count
            && found.Zip(largest).All(x => Close(errors[x.First.Index], x.Second, bound)
                && Close(x.First.Share, errors[x.First.Index] / total, bound)
                && Close(x.First.RelativeL2, PlainDifference.Ratio(errors[x.First.Index], references[x.First.Index]), bound));
    }
}
