using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;
using ManagedGemma.Checkpoints;
using ManagedGemma.Kernels;
using ManagedGemma.Kernels.Int4;
using ManagedGemma.Model;
using ManagedGemma.Model.Steps;
using ManagedGemma.Tests.Support;
using ManagedGemma.Threading;

namespace ManagedGemma.Tests.Model;

/// <summary>
/// Products with weights that are unpacked: the chain that the float product promises, bit for bit where the processor fuses, for any number of rows, columns
/// and tokens; in precise and fast, tokens that are alone in their sequence have those of the dot product.
/// </summary>
public unsafe class LinearStepTests
{
    private static readonly string[] Formats =
    [
        "BF16", "F16", "F32", "affine 2 32 BF16", "affine 3 64 F16", "affine 4 32 F32", "affine 5 128 BF16", "affine 6 32 F32", "affine 8 64 BF16",
        "mxfp4 4 32 U8", "mxfp8 8 32 U8", "nvfp4 4 16 U8",
    ];

    private static Arbitrary<(int Seed, string Format, int Rows, int Groups, int[] Sequences)> Cases { get; } =
        (from seed in Gen.Choose(0, int.MaxValue - 2)
         from format in Gen.Elements(Formats)
         from rows in Gen.OneOf(Gen.Choose(1, 70), Gen.Elements(16, 32, 64))
         from groups in Gen.Choose(1, 12)
         from sequences in Gen.NonEmptyListOf(Gen.Elements(1, 1, 2, 7))
         select (seed, format, rows, groups, sequences.Take(4).ToArray())).ToArbitrary();

    [Property(MaxTest = 150)]
    public Property Products_have_the_bits_that_are_promised() => Prop.ForAll(Cases, c =>
    {
        using TensorMemory memory = new(1 << 20, "file");
        WeightMatrix matrix = Matrix(memory, c.Seed, c.Format, c.Rows, c.Groups);
        int columns = (int)matrix.Columns;
        PassLayout layout = new([.. c.Sequences.Select(count => (count, 0))]);
        float[] x = Nasty.Uniform(c.Seed, layout.Rows * columns);
        foreach (KernelTable table in Nasty.Tables)
        {
            Linear linear = new(matrix, table);
            foreach (Precision precision in Enum.GetValues<Precision>())
            {
                float[] y = Multiply(linear, table, precision, layout, x, threads: 1 + (c.Seed % 3));
                for (int row = 0; row < c.Rows; row++)
                {
                    float[] weights = new float[columns];
                    linear.Row(row, 0, weights);
                    for (int token = 0; token < layout.Rows; token++)
                    {
                        bool byDot = precision != Precision.Float32 && token < layout.SingleRows;
                        float[] values = x[(token * columns)..((token + 1) * columns)];
                        float expected = byDot ? Dot(weights, values) : Chain(weights, values);
                        if (!Nasty.SameChain(expected, y[(token * c.Rows) + row], columns, () => weights.Zip(values, (a, b) => Math.Abs((double)a * b)).Sum()))
                        {
                            return false;
                        }
                    }
                }
            }
        }

        return true;
    });

    [Theory]
    [InlineData("affine 4 64 BF16")]
    [InlineData("affine 8 64 BF16")]
    public void Blocks_of_tokens_change_no_bit(string format)
    {
        // Three blocks and a token that is alone, against each third in a pass of its own.
        const int Third = 144;
        using TensorMemory memory = new(1 << 20, "file");
        WeightMatrix matrix = Matrix(memory, 5, format, 70, 5);
        PassLayout layout = new([(1, 0), (3 * Third, 0)]), third = new([(Third, 0)]);
        int columns = (int)matrix.Columns;
        float[] x = Nasty.Floats(6, layout.Rows * columns);
        foreach (KernelTable table in Nasty.Tables)
        {
            Linear linear = new(matrix, table);
            foreach (Precision precision in Enum.GetValues<Precision>())
            {
                float[] whole = Multiply(linear, table, precision, layout, x, threads: 2);
                for (int first = 1; first < layout.Rows; first += Third)
                {
                    float[] part = Multiply(linear, table, precision, third, x[(first * columns)..((first + Third) * columns)], threads: 1);
                    Assert.Equal(Nasty.Bits(part), Nasty.Bits(whole.AsSpan(first * 70, part.Length)));
                }
            }
        }
    }

    [Fact]
    public void A_token_times_4_bit_weights_has_the_same_bits_in_every_company()
    {
        using TensorMemory memory = new(1 << 20, "file");
        WeightMatrix matrix = Matrix(memory, 7, "affine 4 64 BF16", 70, 5);
        const int Most = 2 * IInt4Row.MostTokens;
        int columns = (int)matrix.Columns;
        float[] x = Nasty.Floats(8, Most * columns);
        foreach (KernelTable table in Nasty.Tables)
        {
            Linear linear = new(matrix, table);
            foreach (Precision precision in Enum.GetValues<Precision>())
            {
                float[] alone = [.. Enumerable.Range(0, Most).SelectMany(token =>
                    Multiply(linear, table, precision, new([(1, 0)]), x[(token * columns)..((token + 1) * columns)], threads: 1))];
                foreach (int[] sequences in new int[][] { [IInt4Row.MostTokens], [2, 1, 1], [Most], [3, Most - 4, 1] })
                {
                    PassLayout layout = new([.. sequences.Select(count => (count, 0))]);
                    float[] together = Multiply(linear, table, precision, layout, x[..(layout.Rows * columns)], threads: 2);
                    Assert.Equal(Nasty.Bits(alone.AsSpan(0, together.Length)), Nasty.Bits(together));
                }
            }
        }
    }

    // Blocks are whole tiles, so that many of them may be one fewer than the tokens suggest.
    [Fact]
    public void Every_token_of_a_long_prompt_is_multiplied()
    {
        const int Tokens = 4100;
        using TensorMemory memory = new(1 << 20, "file");
        Linear linear = new(Matrix(memory, 5, "affine 4 64 BF16", 3, 1), Nasty.Tables[^1]);
        float[] x = Nasty.Uniform(6, Tokens * 64), y = Multiply(linear, Nasty.Tables[^1], Precision.Fast, new([(Tokens, 0)]), x, threads: 2);
        Assert.DoesNotContain(0, y);
        Assert.Equal(Multiply(linear, Nasty.Tables[^1], Precision.Fast, new([(2, 0)]), x[^128..], threads: 1), y[^6..]);
    }

    private static float[] Multiply(Linear linear, KernelTable table, Precision precision, PassLayout layout, float[] x, int threads)
    {
        float[] y = new float[layout.Rows * linear.Rows];
        using WorkerTeam team = new(threads);
        using LinearInput input = new(table, precision, layout);
        fixed (float* source = x, target = y)
        {
            input.Set(source, linear.Columns, [linear]);
            for (int row = 0; row < layout.Rows; row++)
            {
                input.Complete(row);
            }

            LinearStep step = new([linear], input, table, target, linear.Rows, threads);
            team.Run(ref step, step.Tasks);
        }

        return y;
    }

    private static float Chain(ReadOnlySpan<float> w, ReadOnlySpan<float> x)
    {
        float sum = 0;
        for (int k = 0; k < w.Length; k++)
        {
            sum = MathF.FusedMultiplyAdd(x[k], w[k], sum);
        }

        return sum;
    }

    private static float Dot(ReadOnlySpan<float> w, ReadOnlySpan<float> x)
    {
        fixed (float* weights = w, token = x)
        {
            return Nasty.Tables[0].FloatDot.Dot(weights, token, w.Length);
        }
    }

    // The matrix ends where its memory's tensors end; dense widths need not be multiples of anything.
    private static WeightMatrix Matrix(TensorMemory memory, int seed, string format, int rows, int groups)
    {
        Random random = new(seed);
        random.NextBytes(new Span<byte>(memory.Pointer, 1 << 20));
        string[] parts = format.Split(' ');
        ElementType type = ElementTypeExtensions.FromSafetensorsName(parts[^1])!.Value;
        if (parts.Length == 1)
        {
            long width = (groups * 53) + (seed % 9);
            Fill(memory, 0, (int)(rows * width), type, random, 1);
            return new WeightMatrix("m", rows, width, null, View(memory, "weight", type, rows, width, 0));
        }

        QuantizationScheme scheme = new(QuantizationScheme.ModeNamed(parts[0])!.Value, int.Parse(parts[1], null), int.Parse(parts[2], null));
        long columns = (long)groups * scheme.GroupSize;
        int at = 1 << 19, scales = rows * groups;
        TensorView? biases = null;
        if (scheme.Mode == QuantizationMode.Affine)
        {
            Fill(memory, at, scales, type, random, 0.1f);
            Fill(memory, at + (4 * scales), scales, type, random, 0.5f);
            biases = View(memory, "biases", type, rows, groups, at + (4 * scales));
        }

        return new WeightMatrix(
            "m", rows, columns, scheme, View(memory, "weight", ElementType.U32, rows, columns * scheme.Bits / 32, 0), View(memory, "scales", type, rows, groups, at), biases);
    }

    private static TensorView View(TensorMemory memory, string name, ElementType type, long rows, long columns, long offset) =>
        new("m." + name, type, [rows, columns], memory, offset, rows * columns * type.ByteSize());

    private static void Fill(TensorMemory memory, int offset, int count, ElementType type, Random random, float size)
    {
        float[] values = [.. Enumerable.Range(0, count).Select(_ => (random.NextSingle() - 0.5f) * size)];
        ElementConversion.FromSingles(values, type, new Span<byte>(memory.Pointer + offset, count * type.ByteSize()));
    }
}
