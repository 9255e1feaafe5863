using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;
using ManagedGemma.Kernels;
using ManagedGemma.Kernels.Gelu;
using ManagedGemma.Tests.Support;

namespace ManagedGemma.Tests.Kernels;

/// <summary>Kernels that work on one row: norm, RoPE, softmax, GELU; every instruction set against the reference.</summary>
public class RowKernelTests
{
    private const double Ulp = 1.0 / (1 << 23);

    private static Arbitrary<(int Seed, int Length)> Rows { get; } =
        (from seed in Gen.Choose(0, int.MaxValue - 2)
         from length in Gen.OneOf(Gen.Choose(1, 150), Gen.Elements(256, 640, 1151, 3840))
         select (seed, length)).ToArbitrary();

    // The sum of squares: (n/16 + 7) roundings of half an ulp at the narrowest; its root halves that; three products more.
    [Property(MaxTest = 200)]
    public Property RmsNorm_agrees_with_the_reference() => Prop.ForAll(Rows, row =>
    {
        float[] x = Nasty.Floats(row.Seed, row.Length), w = Nasty.Uniform(row.Seed + 1, row.Length);
        double tolerance = ((row.Length / 64.0) + 8) * Ulp;
        foreach (bool weighted in new[] { true, false })
        {
            float[] weight = weighted ? w : [];
            float[] reference = new float[row.Length];
            Nasty.Tables[0].RmsNorm.Normalize(x, weight, 1e-6f, reference);
            foreach (KernelTable table in Nasty.Tables)
            {
                float[] y = [.. x];
                table.RmsNorm.Normalize(y, weight, 1e-6f, y);
                for (int i = 0; i < y.Length; i++)
                {
                    if (!(Math.Abs(y[i] - reference[i]) <= (tolerance * Math.Abs(reference[i])) + float.Epsilon))
                    {
                        return false;
                    }
                }
            }
        }

        return true;
    });

    [Property(MaxTest = 100)]
    public Property Rope_gives_the_bits_of_the_reference_keeps_norms_and_passes_the_rest_through() => Prop.ForAll(Rows, row =>
    {
        int half = Math.Max(1, row.Length / 2), rest = row.Seed % 5;
        float[] head = Nasty.Uniform(row.Seed, (2 * half) + rest);
        float[] cos = new float[half], sin = new float[half];
        for (int i = 0; i < half; i++)
        {
            (double s, double c) = Math.SinCos(row.Seed / 1e6 * (i + 1));
            (sin[i], cos[i]) = ((float)s, (float)c);
        }

        float[] reference = [.. head];
        Nasty.Tables[0].Rope.Rotate(reference, cos, sin);
        for (int i = 0; i < half; i++)
        {
            double before = (head[i] * (double)head[i]) + (head[i + half] * (double)head[i + half]);
            double after = (reference[i] * (double)reference[i]) + (reference[i + half] * (double)reference[i + half]);
            if (Math.Abs(before - after) > 6 * Ulp * before)
            {
                return false;
            }
        }

        return Nasty.Tables.All(table =>
        {
            float[] rotated = [.. head];
            table.Rope.Rotate(rotated, cos, sin);
            return Nasty.Bits(rotated).AsSpan().SequenceEqual(Nasty.Bits(reference))
                && rotated.AsSpan(2 * half).SequenceEqual(head.AsSpan(2 * half));
        });
    });

    // The argument s·(x − max) rounds twice (relative to itself), exp adds 2 ulp, sum and division a few more.
    [Property(MaxTest = 200)]
    public Property Softmax_agrees_with_the_reference_and_sums_to_one() => Prop.ForAll(Rows, row =>
    {
        float[] scores = [.. Nasty.Uniform(row.Seed, row.Length).Select(value => value * 40)];
        const float Scale = 0.0625f * 4;
        float[] reference = [.. scores];
        Nasty.Tables[0].Softmax.Apply(reference, Scale);
        foreach (KernelTable table in Nasty.Tables)
        {
            float[] y = [.. scores];
            table.Softmax.Apply(y, Scale);
            double sum = 0;
            for (int i = 0; i < y.Length; i++)
            {
                double tolerance = ((2 * Scale * 80) + (row.Length / 8.0) + 12) * Ulp;
                sum += y[i];
                if (!(Math.Abs(y[i] - reference[i]) <= (tolerance * reference[i]) + 1e-38))
                {
                    return false;
                }
            }

            if (Math.Abs(sum - 1) > ((row.Length / 8.0) + 8) * Ulp)
            {
                return false;
            }
        }

        return true;
    });

    [Fact]
    public void Softmax_of_a_row_with_nan_is_nan()
    {
        foreach (KernelTable table in Nasty.Tables)
        {
            foreach (int place in new[] { 0, 17, 36 })
            {
                float[] row = Nasty.Uniform(1, 37);
                row[place] = float.NaN;
                table.Softmax.Apply(row, 1);
                Assert.All(row, value => Assert.True(float.IsNaN(value), table.Softmax.GetType().Name));
            }
        }
    }

    [Property(MaxTest = 100)]
    public Property Gelu_tanh_agrees_with_the_reference() => Prop.ForAll(Rows, row => GeluAgrees(row, table => table.GeluTanh, negativeTail: false));

    [Property(MaxTest = 100)]
    public Property Gelu_erf_agrees_with_the_reference() => Prop.ForAll(Rows, row => GeluAgrees(row, table => table.GeluErf, negativeTail: true));

    [Theory]
    [InlineData(0, 1)]
    [InlineData(0.5, 0.4795001221869534623)]
    [InlineData(1, 0.1572992070502851307)]
    [InlineData(2.5, 4.0695201744495894e-04)]
    [InlineData(2, 0.0046777349810472658)]
    [InlineData(3, 2.2090496998585441e-05)]
    [InlineData(5, 1.5374597944280349e-12)]
    public void The_reference_erfc_has_its_tabulated_values(double x, double expected) =>
        Assert.Equal(expected, GeluErfScalar.Erfc(x), expected * 1e-11);

    private static bool GeluAgrees((int Seed, int Length) row, Func<KernelTable, IGatedGelu> kernel, bool negativeTail)
    {
        float[] gate = [.. Nasty.Floats(row.Seed, row.Length).Select(value => value * 9)];
        float[] up = Nasty.Uniform(row.Seed + 1, row.Length);
        float[] reference = new float[row.Length];
        kernel(Nasty.Tables[0]).Multiply(gate, up, reference);
        foreach (KernelTable table in Nasty.Tables)
        {
            float[] y = [.. gate];
            kernel(table).Multiply(y, up, y);
            for (int i = 0; i < y.Length; i++)
            {
                // As the kernels state: erf 4·10⁻⁷·|x| absolute; tanh relative to the value, whose exponent 2u rounds six times.
                double x = Math.Abs(gate[i]), scale = Math.Abs(up[i]);
                double bound = negativeTail ? 4e-7 * x * scale : ((x < 20 ? (6 * x * (0.8 + (0.036 * x * x))) : 0) + 8) * Ulp * Math.Abs(reference[i]);
                if (!(Math.Abs(y[i] - reference[i]) <= bound + 1e-37))
                {
                    return false;
                }
            }
        }

        return true;
    }
}
