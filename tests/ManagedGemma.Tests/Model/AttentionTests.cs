using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;
using ManagedGemma.Kernels;
using ManagedGemma.Model;
using ManagedGemma.Model.Steps;
using ManagedGemma.Tests.Support;
using ManagedGemma.Threading;

namespace ManagedGemma.Tests.Model;

/// <summary>Attention over key panels against its definition in double.</summary>
public unsafe class AttentionTests
{
    private const float Scale = 0.2f;

    internal static Arbitrary<Case> Cases { get; } =
        (from seed in Gen.Choose(0, int.MaxValue - 2)
         from keyHeads in Gen.Elements(1, 2)
         from sharing in Gen.Elements(1, 2, 4)
         from headDim in Gen.Elements(2, 16, 32, 36)
         from tokens in Gen.OneOf(Gen.Choose(1, 40), Gen.Choose(60, 110))
         from window in Gen.OneOf(Gen.Choose(1, 20), Gen.Elements(33, 1000, int.MaxValue))
         select new Case(seed, new AttentionShape(keyHeads * sharing, keyHeads, headDim), tokens, window)).ToArbitrary();

    // Scores: head_dim roundings of at most |q||k|; softmax and the weighted sum a few ulp and one rounding a key.
    [Property(MaxTest = 60)]
    public Property Output_is_the_weighted_mean_of_the_visible_values() => Prop.ForAll(Cases, c =>
    {
        float[] qkv = Nasty.Uniform(c.Seed, c.Tokens * c.Shape.RowSize);
        double[] expected = Reference(c, qkv);
        double tolerance = ((c.Shape.HeadDim * Scale * c.Shape.HeadDim) + c.Tokens + 40) * Math.Pow(2, -23);
        return Nasty.Tables.All(table =>
        {
            float[] actual = Attend(table, c, qkv, threads: 1);
            return expected.Zip(actual).All(pair => Math.Abs(pair.First - pair.Second) <= tolerance);
        });
    });

    [Property(MaxTest = 30)]
    public Property What_is_masked_changes_no_bit_whatever_it_is() => Prop.ForAll(Cases, c =>
    {
        int query = c.Seed % c.Tokens;
        float[] qkv = Nasty.Uniform(c.Seed, c.Tokens * c.Shape.RowSize);
        float[] poisoned = [.. qkv];
        for (int token = 0; token < c.Tokens; token++)
        {
            if (token > query || (long)query - token >= c.Window)
            {
                poisoned.AsSpan(token * c.Shape.RowSize, c.Shape.RowSize).Fill(token % 2 == 0 ? float.NaN : float.PositiveInfinity);
            }
        }

        return Nasty.Tables.All(table =>
        {
            Span<float> clean = Attend(table, c, qkv, threads: 1).AsSpan(query * c.Shape.QuerySize, c.Shape.QuerySize);
            Span<float> other = Attend(table, c, poisoned, threads: 1).AsSpan(query * c.Shape.QuerySize, c.Shape.QuerySize);
            return Nasty.Bits(clean).AsSpan().SequenceEqual(Nasty.Bits(other));
        });
    });

    [Property(MaxTest = 30)]
    public Property A_query_has_the_same_bits_alone_at_the_end_and_among_later_ones() => Prop.ForAll(Cases, c =>
    {
        float[] qkv = Nasty.Uniform(c.Seed, c.Tokens * c.Shape.RowSize);
        Case shorter = c with { Tokens = (c.Seed % c.Tokens) + 1 };
        return Nasty.Tables.All(table =>
        {
            float[] all = Attend(table, c, qkv, threads: 3);
            float[] first = Attend(table, shorter, qkv[..(shorter.Tokens * c.Shape.RowSize)], threads: 2);
            return Nasty.Bits(first).AsSpan().SequenceEqual(Nasty.Bits(all.AsSpan(0, first.Length)));
        });
    });

    private static double[] Reference(Case c, float[] qkv)
    {
        AttentionShape shape = c.Shape;
        double[] output = new double[c.Tokens * shape.QuerySize];
        for (int query = 0; query < c.Tokens; query++)
        {
            for (int head = 0; head < shape.QueryHeads; head++)
            {
                int keyHead = head / (shape.QueryHeads / shape.KeyHeads);
                double[] weights = new double[query + 1];
                for (int key = 0; key <= query; key++)
                {
                    for (int d = 0; d < shape.HeadDim; d++)
                    {
                        weights[key] += (double)qkv[(query * shape.RowSize) + (head * shape.HeadDim) + d]
                            * qkv[(key * shape.RowSize) + shape.QuerySize + (keyHead * shape.HeadDim) + d];
                    }

                    weights[key] = query - key < c.Window ? Math.Exp(Scale * weights[key]) : 0;
                }

                double sum = weights.Sum();
                for (int d = 0; d < shape.HeadDim; d++)
                {
                    for (int key = 0; key <= query; key++)
                    {
                        output[(query * shape.QuerySize) + (head * shape.HeadDim) + d] += weights[key] / sum
                            * qkv[(key * shape.RowSize) + shape.QuerySize + shape.KeySize + (keyHead * shape.HeadDim) + d];
                    }
                }
            }
        }

        return output;
    }

    private static float[] Attend(KernelTable table, Case c, float[] qkv, int threads)
    {
        using WorkerTeam team = new(threads);
        using KeyValues cache = new(c.Shape);
        cache.Reserve(0, c.Tokens);
        float[] output = new float[c.Tokens * c.Shape.QuerySize];
        fixed (float* source = qkv, target = output)
        {
            for (int token = 0; token < c.Tokens; token++)
            {
                int page = token / KeyValues.PageTokens, column = token % KeyValues.PageTokens;
                float* keys = source + (token * c.Shape.RowSize) + c.Shape.QuerySize;
                for (int i = 0; i < c.Shape.KeySize; i++)
                {
                    cache.Keys(i / c.Shape.HeadDim, page)[(i % c.Shape.HeadDim * KeyValues.PageTokens) + column] = keys[i];
                    cache.Values(page)[(column * c.Shape.KeySize) + i] = keys[c.Shape.KeySize + i];
                }
            }

            AttentionStep step = new()
            {
                Kernels = table,
                Shape = c.Shape,
                Scale = Scale,
                Window = c.Window,
                Qkv = source,
                Layout = new PassLayout([(c.Tokens, 0)]),
                Caches = [cache],
                Output = target,
            };
            team.Run(ref step, step.Tasks);
        }

        return output;
    }

    internal sealed record Case(int Seed, AttentionShape Shape, int Tokens, int Window);
}
