using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;
using ManagedGemma.Kernels;
using ManagedGemma.Kernels.RangeNorm;
using ManagedGemma.Tests.Support;

namespace ManagedGemma.Tests.Kernels;

public class RangeNormTests
{
    private static Arbitrary<(int Seed, int Length)> Rows { get; } =
        (from seed in Gen.Choose(0, int.MaxValue - 2)
         from length in Gen.OneOf(Gen.Choose(1, 100), Gen.Elements(640, 3840))
         select (seed, length)).ToArbitrary();

    [Property(MaxTest = 150)]
    public Property Ranges_are_exact_sums_close_and_rows_have_the_bits_of_the_reference() => Prop.ForAll(Rows, row =>
    {
        float[] x = Nasty.Floats(row.Seed, row.Length), reference = new float[row.Length];
        RowRange expected = Nasty.Tables[0].RangeNorm.Measure(x);
        Nasty.Tables[0].RangeNorm.Apply(x, 0.3f, 1.7f, reference);
        double magnitude = x.Sum(value => Math.Abs((double)value));
        return Nasty.Tables.All(table =>
        {
            RowRange range = table.RangeNorm.Measure(x);
            float[] y = [.. x];
            table.RangeNorm.Apply(y, 0.3f, 1.7f, y);
            return range.Minimum == expected.Minimum && range.Maximum == expected.Maximum
                && Math.Abs(range.Sum - expected.Sum) <= ((row.Length / 4) + 1) * Math.Pow(2, -24) * magnitude
                && Nasty.Bits(y).AsSpan().SequenceEqual(Nasty.Bits(reference));
        });
    });

    [Fact]
    public void A_nan_makes_the_sum_nan_wherever_it_is()
    {
        foreach (KernelTable table in Nasty.Tables)
        {
            for (int place = 0; place < 37; place++)
            {
                float[] x = Nasty.Uniform(1, 37);
                x[place] = float.NaN;
                Assert.True(double.IsNaN(table.RangeNorm.Measure(x).Sum));
            }
        }
    }
}
