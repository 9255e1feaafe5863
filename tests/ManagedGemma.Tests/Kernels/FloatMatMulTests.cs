using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;
using ManagedGemma.Kernels;
using ManagedGemma.Tests.Support;

namespace ManagedGemma.Tests.Kernels;

/// <summary>The float product: every instruction set and every way to cut the work gives the reference's bits.</summary>
public unsafe class FloatMatMulTests
{
    private static Gen<(int Seed, int Rows, int Depth, int Columns)> Shapes { get; } =
        from seed in Gen.Choose(0, int.MaxValue - 1)
        from rows in Gen.Choose(1, 15)
        from depth in Gen.Choose(0, 70)
        from columns in Gen.OneOf(Gen.Choose(1, 70), Gen.Elements(16, 32, 64))
        select (seed, rows, depth, columns);

    [Property(MaxTest = 150)]
    public Property Every_instruction_set_gives_the_bits_of_the_reference() => Prop.ForAll(Shapes.ToArbitrary(), shape =>
    {
        (int seed, int rows, int depth, int columns) = shape;
        float[] x = Nasty.Floats(seed, rows * (depth + 3));
        float[] w = Nasty.Floats(seed + 1, (depth * (columns + 1)) + 1);
        float[] y = Nasty.Uniform(seed, rows * (columns + 2));
        foreach (bool accumulate in new[] { false, true })
        {
            float[] reference = Multiply(Nasty.Tables[0], x, depth + 3, rows, w, columns + 1, depth, y, columns + 2, columns, accumulate);
            foreach (KernelTable table in Nasty.Tables.Skip(1))
            {
                float[] result = Multiply(table, x, depth + 3, rows, w, columns + 1, depth, y, columns + 2, columns, accumulate);
                for (int i = 0; i < result.Length; i++)
                {
                    if (!Nasty.SameChain(reference[i], result[i], depth + 1, () => Magnitude(i)))
                    {
                        return false;
                    }
                }
            }
        }

        return true;

        double Magnitude(int i)
        {
            int row = i / (columns + 2), column = i % (columns + 2);
            return Math.Abs(y[i]) + (column < columns ? Enumerable.Range(0, depth).Sum(k => Math.Abs((double)x[(row * (depth + 3)) + k] * w[(k * (columns + 1)) + column])) : 0);
        }
    });

    [Property(MaxTest = 60)]
    public Property Cutting_the_depth_or_the_rows_changes_no_bit() => Prop.ForAll(Shapes.ToArbitrary(), shape =>
    {
        (int seed, int rows, int depth, int columns) = shape;
        float[] x = Nasty.Uniform(seed, rows * depth), w = Nasty.Uniform(seed + 1, depth * columns);
        foreach (KernelTable table in Nasty.Tables)
        {
            float[] whole = new float[rows * columns], parts = new float[rows * columns];
            int cut = depth / 3, firstRows = rows / 2;
            fixed (float* px = x, pw = w, pWhole = whole, pParts = parts)
            {
                table.FloatMatMul.Multiply(px, depth, rows, pw, columns, depth, pWhole, columns, columns, accumulate: false);
                foreach ((int row, int count) in new[] { (0, firstRows), (firstRows, rows - firstRows) })
                {
                    if (count > 0)
                    {
                        float* to = pParts + (row * columns), from = px + (row * depth);
                        table.FloatMatMul.Multiply(from, depth, count, pw, columns, cut, to, columns, columns, accumulate: false);
                        table.FloatMatMul.Multiply(from + cut, depth, count, pw + (cut * columns), columns, depth - cut, to, columns, columns, accumulate: true);
                    }
                }
            }

            if (!Nasty.Bits(whole).AsSpan().SequenceEqual(Nasty.Bits(parts)))
            {
                return false;
            }
        }

        return true;
    });

    // Each of n products and sums rounds once (fused): |error| ≤ n · 2⁻²⁴ · Σ|x·w|, first order.
    [Property(MaxTest = 60)]
    public Property The_reference_is_as_close_to_the_double_product_as_its_roundings_allow() => Prop.ForAll(Shapes.ToArbitrary(), shape =>
    {
        (int seed, int rows, int depth, int columns) = shape;
        float[] x = Nasty.Uniform(seed, rows * depth), w = Nasty.Uniform(seed + 1, depth * columns), y = new float[rows * columns];
        float[] result = Multiply(Nasty.Tables[0], x, depth, rows, w, columns, depth, y, columns, columns, accumulate: false);
        for (int i = 0; i < result.Length; i++)
        {
            double sum = 0, magnitude = 0;
            for (int k = 0; k < depth; k++)
            {
                double product = (double)x[(i / columns * depth) + k] * w[(k * columns) + (i % columns)];
                sum += product;
                magnitude += Math.Abs(product);
            }

            if (Math.Abs(result[i] - sum) > (depth + 1) * Math.Pow(2, -24) * magnitude)
            {
                return false;
            }
        }

        return true;
    });

    private static float[] Multiply(
        KernelTable table, float[] x, int xStride, int rows, float[] w, int wStride, int depth, float[] y, int yStride, int columns, bool accumulate)
    {
        float[] result = [.. y];
        fixed (float* px = x, pw = w, py = result)
        {
            table.FloatMatMul.Multiply(px, xStride, rows, pw, wStride, depth, py, yStride, columns, accumulate);
        }

        return result;
    }
}
