using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;
using ManagedGemma.Kernels;
using ManagedGemma.Ltx.Products;
using ManagedGemma.Tests.Support;
using ManagedGemma.Threading;

namespace ManagedGemma.Ltx.Tests.Products;

public unsafe class DenseStepTests
{
    /// <summary>Tokens, columns, outputs of two targets: around and across blocks, tiles and chunks.</summary>
    private static Gen<(int Tokens, int Columns, int Rows, int OtherRows)> Shapes =>
        from tokens in Gen.Elements(1, 2, 5, 7, 47, 48, 49, 100)
        from columns in Gen.Elements(1, 3, 16, 255, 256, 257, 515)
        from rows in Gen.Elements(1, 2, 15, 31, 32, 33, 64, 65, 130)
        from other in Gen.Elements(1, 32, 70)
        select (tokens, columns, rows, other);

    [Property(MaxTest = 60)]
    public Property Products_are_within_the_chains_error_and_the_same_on_every_machine(int seed) =>
        Prop.ForAll(Shapes.ToArbitrary(), shape =>
        {
            (int tokens, int columns, int rows, int otherRows) = shape;
            float[] x = Nasty.Floats(seed, tokens * columns), before = Nasty.Uniform(seed + 3, tokens * (rows + otherRows));
            Rows first = new(Nasty.Floats(seed + 1, rows * columns), columns), second = new(Nasty.Uniform(seed + 2, otherRows * columns), columns);
            float[] bias = Nasty.Uniform(seed + 4, rows);
            foreach (bool replaces in (ReadOnlySpan<bool>)[true, false])
            {
                float[]? bits = null;
                foreach (KernelTable kernels in Nasty.Tables)
                {
                    float[] y = [.. before];
                    Run(kernels, x, columns, tokens, [(first, bias), (second, null)], y, rows + otherRows, replaces);
                    bits ??= y;
                    Assert.Equal(Nasty.Bits(bits), Nasty.Bits(y));
                }

                for (int token = 0; token < tokens; token++)
                {
                    for (int i = 0; i < rows + otherRows; i++)
                    {
                        Rows source = i < rows ? first : second;
                        int row = i < rows ? i : i - rows;
                        double exact = (replaces ? 0 : before[(token * (rows + otherRows)) + i]) + (i < rows ? bias[i] : 0), size = Math.Abs(exact);
                        for (int k = 0; k < columns; k++)
                        {
                            double product = (double)x[(token * columns) + k] * source.Values[(row * columns) + k];
                            exact += product;
                            size += Math.Abs(product);
                        }

                        // A chain of at most 256, then a sum a tile, then bias: each rounding below 2^-24 of the sum of magnitudes.
                        double bound = (Math.Min(columns, DenseStep.DefaultDepth) + (columns / DenseStep.DefaultDepth) + 3) * Math.Pow(2, -24) * size;
                        Assert.InRange(bits![(token * (rows + otherRows)) + i], exact - bound - 1e-38, exact + bound + 1e-38);
                    }
                }
            }
        });

    private static void Run(
        KernelTable kernels, float[] x, int columns, int tokens, (Rows Source, float[]? Bias)[] sources, float[] y, int stride, bool replaces)
    {
        using WorkerTeam team = new(2);
        fixed (float* xs = x, ys = y)
        {
            int offset = 0;
            DenseTarget[] targets = new DenseTarget[sources.Length];
            for (int i = 0; i < sources.Length; i++)
            {
                targets[i] = new DenseTarget(sources[i].Source, sources[i].Bias, ys + offset, stride);
                offset += ((IRowSource)sources[i].Source).Rows;
            }

            DenseStep step = new()
            {
                Kernels = kernels,
                Targets = targets,
                X = xs,
                Stride = columns,
                Tokens = tokens,
                Columns = columns,
                Replaces = replaces,
                AddsBias = !replaces,
            };
            team.Run(ref step, step.Tasks);
        }
    }

    private sealed class Rows(float[] values, int columns) : IRowSource
    {
        public float[] Values => values;

        int IRowSource.Rows => values.Length / columns;

        public int ScratchFloats(int count) => count;

        public void Prefetch(int row, int first, int count)
        {
        }

        // By way of the scratch, so that room for it is tried too.
        public void Read(int row, int first, Span<float> destination, Span<float> scratch)
        {
            values.AsSpan((row * columns) + first, destination.Length).CopyTo(scratch);
            scratch[..destination.Length].CopyTo(destination);
        }
    }
}
