using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;
using ManagedGemma.Checkpoints;
using ManagedGemma.Conversion;

namespace ManagedGemma.Tests.Conversion;

/// <summary>How far a weight may be from what it becomes, for awkward groups too, and what is refused.</summary>
public sealed class RowQuantizerTests
{
    private const int Columns = 256;

    private static readonly Gen<QuantizationScheme> Schemes = Gen.OneOf(
        Gen.Elements(2, 3, 4, 5, 6, 8).SelectMany(bits => Gen.Elements(32, 64, 128).Select(group => new QuantizationScheme(QuantizationMode.Affine, bits, group))),
        Gen.Elements(QuantizationMode.MxFp4, QuantizationMode.MxFp8, QuantizationMode.NvFp4).Select(QuantizationScheme.Default));

    private static readonly Gen<ElementType> Types = Gen.Elements(ElementType.F32, ElementType.BF16, ElementType.F16);

    // Seeds make rows, so that a failure is one line; the kind of each stretch of 16 is drawn apart from its magnitude.
    private static readonly Arbitrary<(QuantizationScheme Scheme, ElementType Type, int Seed)> Cases =
        (from scheme in Schemes from type in Types from seed in Gen.Choose(0, int.MaxValue) select (scheme, type, seed)).ToArbitrary();

    [Property(MaxTest = 3000)]
    public Property A_weight_is_as_near_as_the_scheme_promises() => Prop.ForAll(Cases, x =>
    {
        float[] row = Awkward(x.Seed, x.Type);
        double[] back = RoundTrip(x.Scheme, x.Type, row);
        for (int group = 0; group < Columns; group += x.Scheme.GroupSize)
        {
            ReadOnlySpan<float> weights = row.AsSpan(group, x.Scheme.GroupSize);
            for (int i = 0; i < weights.Length; i++)
            {
                double bound = Bound(x.Scheme, x.Type, weights, weights[i]), error = Math.Abs(weights[i] - back[group + i]);
                Assert.True(error <= bound, $"{x.Scheme} {x.Type} seed {x.Seed} column {group + i}: {weights[i]:R} became {back[group + i]:R}, bound {bound:R}");
            }
        }
    });

    [Property(MaxTest = 300)]
    public Property A_value_that_is_not_finite_is_refused_in_its_group() => Prop.ForAll(
        Cases, Gen.Choose(0, Columns - 1).ToArbitrary(), Gen.Elements(float.NaN, float.PositiveInfinity, float.NegativeInfinity).ToArbitrary(), (x, column, bad) =>
        {
            float[] row = Awkward(x.Seed, x.Type);
            row[column] = bad;
            (int refused, _, _, _) = Quantize(x.Scheme, x.Type, row);
            Assert.Equal(column / x.Scheme.GroupSize, refused);
        });

    [Theory]
    [InlineData(0f)]
    [InlineData(0.125f)]
    [InlineData(-3f)]
    public void A_group_of_one_value_keeps_it(float value)
    {
        float[] row = [.. Enumerable.Repeat(value, Columns)];
        foreach (int bits in new[] { 2, 3, 4, 5, 6, 8 })
        {
            Assert.All(RoundTrip(new QuantizationScheme(QuantizationMode.Affine, bits, 64), ElementType.BF16, row), x => Assert.Equal(value, x));
        }
    }

    [Property(MaxTest = 300)]
    public Property Zero_stays_zero() => Prop.ForAll(Cases, x =>
    {
        // In float32 scale · steps returns to the bias up to its rounding; a group that does not span zero has none to keep.
        float[] row = Awkward(x.Seed, ElementType.F32);
        row[5] = 0;
        row[6] = -MathF.Abs(row[6]) - 1;
        row[7] = MathF.Abs(row[7]) + 1;
        double largest = row.AsSpan(0, x.Scheme.GroupSize).ToArray().Max(MathF.Abs);
        Assert.InRange(RoundTrip(x.Scheme, ElementType.F32, row)[5], -largest * 2e-7, largest * 2e-7);
    });

    [Fact]
    public void A_range_beyond_float32_is_refused()
    {
        float[] row = new float[Columns];
        (row[64], row[65]) = (3e38f, -3e38f);
        Assert.Equal(1, Quantize(QuantizationScheme.Default(QuantizationMode.Affine), ElementType.F32, row).Refused);
    }

    /// <summary>
    /// Affine, n = 2^bits − 1 and s = max(range / n, 1e-7): the stretched scale is at most s · n / (n − 1), so rounding costs at most half
    /// of that; and at least s · n / (n + 1), so that what is clamped at the other end is off by at most s · n / (n + 1), which is
    /// more or the same. Below 1e-7 a step, s covers both. Then scale and bias are rounded to the type: n · |scale| + |bias| units of it.
    /// Small floats: half the distance of neighbouring codes times the scale, and the excess above the largest code times the scale.
    /// </summary>
    private static double Bound(QuantizationScheme scheme, ElementType type, ReadOnlySpan<float> group, double weight)
    {
        double most = double.NegativeInfinity, least = double.PositiveInfinity;
        foreach (float x in group)
        {
            (most, least) = (Math.Max(most, x), Math.Min(least, x));
        }

        double largest = Math.Max(Math.Abs(most), Math.Abs(least)), range = most - least;
        (double unit, double tiny) = type switch
        {
            ElementType.BF16 => (Math.Pow(2, -8), Math.Pow(2, -134)),
            ElementType.F16 => (Math.Pow(2, -11), Math.Pow(2, -25)),
            _ => (Math.Pow(2, -24), Math.Pow(2, -150)),
        };
        if (scheme.Mode == QuantizationMode.Affine)
        {
            double last = (1 << scheme.Bits) - 1, step = Math.Max(range / last, 1e-7);
            double exact = range / last >= 1e-7 ? step * last / (last + 1) : step;

            // What float32 adds in between is a few of its own units of what is subtracted, divided and multiplied.
            double widest = last * step * 1.5;
            return exact + ((unit + (4 * Math.Pow(2, -24))) * (widest + largest)) + ((last + 1) * tiny);
        }

        double top = scheme.Mode == QuantizationMode.MxFp8 ? 448 : 6;
        double scale = Scale(scheme.Mode, Round(largest / top, type, unit, tiny));
        if (scale == 0)
        {
            return Math.Abs(weight);
        }

        // The quotient is rounded to the type before it is rounded to a code.
        double quotient = Math.Abs(weight) / scale, slack = (quotient * unit) + tiny;
        double gap = scheme.Mode == QuantizationMode.MxFp8
            ? Math.Pow(2, Math.Max(Math.Floor(Math.Log2(Math.Max(quotient, 1e-300) + slack)), -6) - 4)
            : quotient + slack <= 2 ? 0.25 : quotient + slack <= 4 ? 0.5 : 1;
        return scale * (Math.Max(gap, quotient - top) + slack);
    }

    /// <summary>The scale that each mode's definition gives, found by search rather than by bits.</summary>
    private static double Scale(QuantizationMode mode, double best)
    {
        if (mode != QuantizationMode.NvFp4)
        {
            return best == 0 ? 1 : Enumerable.Range(-126, 254).Select(x => Math.Pow(2, x)).First(x => x >= best);
        }

        return MlxReference.ValueOfE4M3(Enumerable.Range(0, 0x7F).MinBy(code => (Math.Abs(MlxReference.ValueOfE4M3(code) - best), code & 1)));
    }

    private static double Round(double value, ElementType type, double unit, double tiny)
    {
        float rounded = type switch
        {
            ElementType.F32 => (float)value,
            ElementType.F16 => (float)(Half)(float)value,
            _ => BitConverter.UInt32BitsToSingle((uint)ElementConversion.ToBFloat16((float)value) << 16),
        };
        Assert.InRange(Math.Abs(rounded - value), 0, (value * unit * 1.001) + tiny);
        return rounded;
    }

    private static double[] RoundTrip(QuantizationScheme scheme, ElementType type, float[] row)
    {
        (int refused, byte[] words, byte[] scales, byte[] biases) = Quantize(scheme, type, row);
        Assert.Equal(-1, refused);
        return MlxReference.Row(scheme, type, Columns, words, scales, biases);
    }

    private static (int Refused, byte[] Words, byte[] Scales, byte[] Biases) Quantize(QuantizationScheme scheme, ElementType type, float[] row)
    {
        IRowQuantizer quantizer = RowQuantizer.For(scheme, type);
        byte[] words = new byte[Columns * scheme.Bits / 8];
        byte[] scales = new byte[Columns / scheme.GroupSize * quantizer.ScaleBytes];
        byte[] biases = new byte[quantizer.HasBiases ? scales.Length : 0];
        return (quantizer.Quantize(row.ToArray(), words, scales, biases), words, scales, biases);
    }

    /// <summary>Stretches of 16: plain, zeros, constants, one sign, subnormals, with an outlier; magnitudes from 1e-6 to 1e3 by stretch.</summary>
    private static float[] Awkward(int seed, ElementType type)
    {
        Random random = new(seed);
        bool isUniform = random.Next(2) == 0;
        float magnitude = 0.04f;
        int kind = 0;
        float[] row = new float[Columns];
        for (int i = 0; i < Columns; i++)
        {
            if (i % 16 == 0 && (i == 0 || !isUniform))
            {
                magnitude = MathF.Pow(10, random.Next(-6, 4));
                kind = random.Next(6);
            }

            float plain = ((2 * random.NextSingle()) - 1) * magnitude;
            float value = kind switch
            {
                0 => 0,
                1 => magnitude,
                2 => MathF.Abs(plain) + (magnitude * 3),
                3 => plain * 1e-38f,
                4 when random.Next(16) == 0 => magnitude * 60,
                _ => plain,
            };
            row[i] = ElementConversion.Round(value, type);
        }

        return row;
    }
}
