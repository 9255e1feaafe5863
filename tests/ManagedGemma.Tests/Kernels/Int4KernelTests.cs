using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;
using ManagedGemma.Kernels;
using ManagedGemma.Kernels.Int4;
using ManagedGemma.Tests.Support;

namespace ManagedGemma.Tests.Kernels;

/// <summary>
/// The integer kernels: every instruction set bit for bit as the scalar reference, and the scalar reference as close to a
/// double product as its own roundings allow.
/// </summary>
public unsafe class Int4KernelTests
{
    private static Gen<(int Seed, int Rows, int Groups, int Tokens)> Shapes { get; } =
        from seed in Gen.Choose(0, int.MaxValue - 1)
        from rows in Gen.Choose(1, 67)
        from groups in Gen.Elements(1, 2, 3, 5, 16, 17, 33)
        from tokens in Gen.Frequency((4, Gen.Choose(1, 11)), (1, Gen.Choose(12, 40)))
        select (seed, rows, groups, tokens);

    private static Gen<(int Seed, int Rows, int Groups, int Tokens)> RowShapes { get; } =
        from shape in Shapes
        from tokens in Gen.Choose(1, IInt4Row.MostTokens)
        select shape with { Tokens = tokens };

    [Property(MaxTest = 60)]
    public Property Panel_kernels_agree_bit_for_bit() => Prop.ForAll(Shapes.ToArbitrary(), shape => AllAgree(shape, forRowKernel: false));

    [Property(MaxTest = 60)]
    public Property Row_kernels_have_the_bits_of_the_panel_reference() => Prop.ForAll(RowShapes.ToArbitrary(), shape => AllAgree(shape, forRowKernel: true));

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    [InlineData(float.NegativeInfinity)]
    public void A_value_that_is_not_finite_makes_its_own_token_nan_and_no_other(float bad)
    {
        using Int4Matrix matrix = new(3, 20, 3);
        float[] x = Nasty.Uniform(4, 6 * 3 * 64);
        x[(2 * 3 * 64) + 70] = bad;
        foreach (KernelTable table in Nasty.Tables)
        {
            foreach (Int4Kernels kernels in new[] { table.Int16, table.Int8 })
            {
                foreach (bool forRowKernel in new[] { false, true })
                {
                    float[] y = Multiply(kernels, matrix.Rows, x, 6, forRowKernel);
                    for (int i = 0; i < y.Length; i++)
                    {
                        Assert.Equal(i / 20 == 2, float.IsNaN(y[i]));
                    }
                }
            }
        }
    }

    [Fact]
    public void Negligible_and_huge_activations_give_finite_results()
    {
        using Int4Matrix matrix = new(8, 5, 2, misalignment: 3);
        for (int i = 0; i < 10; i++)
        {
            matrix.Rows.Scales[i] = 0x3C00;
            matrix.Rows.Biases[i] = 0xBD70;
        }

        foreach (float magnitude in new[] { 1e-45f, 1e-38f, 1e-30f, 1e30f })
        {
            float[] x = [.. Nasty.Uniform(9, 128).Select(value => value * magnitude)];
            foreach (KernelTable table in Nasty.Tables)
            {
                float[] y = Multiply(table.Int16, matrix.Rows, x, 1, forRowKernel: true);
                Assert.All(y, value => Assert.True(MathF.Abs(value) <= 128 * magnitude));
            }
        }
    }

    // Half a step of error each, so a product's error is at most Σ|w|·step/2. A step is the run's largest / 32767 for Int16 (run: 64);
    // for Int8 (run: 32) its largest / 127, rounded up to a multiple of the row's largest / 127 / 2¹⁴.
    // Beside it float32 sums: at most 2 roundings a group of at most the running sum.
    [Property(MaxTest = 40)]
    public Property The_reference_is_as_close_to_the_double_product_as_its_roundings_allow() => Prop.ForAll(Shapes.ToArbitrary(), shape =>
    {
        (int seed, int rows, int groups, int tokens) = shape;
        using Int4Matrix matrix = new(seed, rows, groups);
        float[] x = Nasty.Floats(seed, tokens * groups * 64);
        foreach (Int4Kernels kernels in new[] { Nasty.Tables[0].Int16, Nasty.Tables[0].Int8 })
        {
            (int run, float levels) = kernels.Type == ActivationType.Int16 ? (64, 32767f) : (32, 127f);
            float[] y = Multiply(kernels, matrix.Rows, x, tokens, forRowKernel: false);
            for (int token = 0; token < tokens; token++)
            {
                for (int row = 0; row < rows; row++)
                {
                    double exact = 0, rounding = 0, magnitude = 0;
                    double unit = kernels.Type == ActivationType.Int16 ? 0 : x.Skip(token * groups * 64).Take(groups * 64).Max(MathF.Abs) / levels / (1 << 14);
                    for (int k = 0; k < groups * 64; k++)
                    {
                        int from = (token * groups * 64) + (k / run * run);
                        double largest = x.Skip(from).Take(run).Max(MathF.Abs);
                        double weight = matrix[row, k], value = x[(token * groups * 64) + k];
                        exact += weight * value;
                        double step = (largest / levels) + unit;
                        rounding += (Math.Abs(weight) * 0.5001 * step) + (Math.Abs(weight) * 8e-31);
                        magnitude += Parts(matrix, row, k) * (Math.Abs(value) + step);
                    }

                    double error = Math.Abs(y[(token * rows) + row] - exact);
                    if (!(error <= rounding + (magnitude * (groups + 8) * Math.Pow(2, -23)) + 1e-37))
                    {
                        return false;
                    }
                }
            }
        }

        return true;
    });

    [Fact]
    public void Unpacking_agrees_bit_for_bit_and_with_the_definition()
    {
        using Int4Matrix matrix = new(5, 29, 5);
        float[] reference = new float[3 * 64 * 32];
        for (int i = 0; i < Nasty.Tables.Count; i++)
        {
            float[] tile = new float[reference.Length];
            fixed (float* target = tile)
            {
                Nasty.Tables[i].Unpack.Unpack(matrix.Rows, 2, 3, target);
            }

            for (int k = 0; k < 3 * 64; k++)
            {
                for (int row = 0; row < 29; row++)
                {
                    Assert.Equal((float)matrix[row, 128 + k], tile[(k * 32) + row]);
                }
            }
        }
    }

    // scale·q and bias are summed apart, so roundings are relative to them and not to the weight.
    private static double Parts(Int4Matrix matrix, int row, int k)
    {
        int group = (row * matrix.Rows.Groups) + (k / 64);
        return (15 * Math.Abs(Int4Rows.Widen(matrix.Rows.Scales[group]))) + Math.Abs(Int4Rows.Widen(matrix.Rows.Biases[group]));
    }

    private static bool AllAgree((int Seed, int Rows, int Groups, int Tokens) shape, bool forRowKernel)
    {
        (int seed, int rows, int groups, int tokens) = shape;
        using Int4Matrix matrix = new(seed, rows, groups, seed % 5);
        float[] x = Nasty.Floats(seed, tokens * groups * 64);
        foreach (Func<KernelTable, Int4Kernels> kernels in new Func<KernelTable, Int4Kernels>[] { t => t.Int16, t => t.Int8 })
        {
            int[] reference = Nasty.Bits(Multiply(kernels(Nasty.Tables[0]), matrix.Rows, x, tokens, forRowKernel: false));
            foreach (KernelTable table in Nasty.Tables)
            {
                if (!reference.AsSpan().SequenceEqual(Nasty.Bits(Multiply(kernels(table), matrix.Rows, x, tokens, forRowKernel))))
                {
                    return false;
                }
            }
        }

        return true;
    }

    // Two ranges of an odd number beyond a tile, else one.
    private static IEnumerable<TokenRange> Parts(int tokens)
    {
        int cut = tokens % 2 * ((tokens - 1) / QuantizedActivations.TokenMultiple * QuantizedActivations.TokenMultiple);
        return new TokenRange[] { new(0, cut), new(cut, tokens - cut) }.Where(x => x.Count > 0);
    }

    private static float[] Multiply(Int4Kernels kernels, Int4Rows rows, float[] x, int tokens, bool forRowKernel)
    {
        using QuantizedActivations activations = new(kernels.Type);
        activations.Shape(tokens, rows.Groups * 64, forRowKernel);
        float[] y = new float[tokens * rows.Count];
        fixed (float* source = x, target = y)
        {
            for (int token = 0; token < tokens; token++)
            {
                kernels.Quantizer.Quantize(source + (token * rows.Groups * 64), activations, token);
            }

            if (forRowKernel)
            {
                using GuardedScratch scratch = new(kernels.Row.ScratchBytes);
                kernels.Row.Multiply(rows, activations, scratch.Pointer, target, rows.Count);
                return y;
            }

            foreach (TokenRange range in Parts(tokens))
            {
                MultiplyPanels(kernels, rows, activations, range, target + (range.First * rows.Count));
            }
        }

        return y;
    }

    private static void MultiplyPanels(Int4Kernels kernels, Int4Rows rows, QuantizedActivations activations, TokenRange tokens, float* y)
    {
        using GuardedScratch scratch = new(kernels.Panel.ScratchBytes(rows.Groups, tokens.Count));
        int most = kernels.Panel.PanelRows * IInt4Panel.MostPanels;
        for (int row = 0; row < rows.Count; row += most)
        {
            kernels.Panel.Multiply(rows.Slice(row, Math.Min(most, rows.Count - row)), activations, tokens, scratch.Pointer, y + row, rows.Count);
        }
    }
}
