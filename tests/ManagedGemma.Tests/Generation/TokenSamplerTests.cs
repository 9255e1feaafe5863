using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;
using ManagedGemma.Generation;
using ManagedGemma.Generation.Sampling;

namespace ManagedGemma.Tests.Generation;

/// <summary>The sampler against a plain one: sort everything, filter, add up.</summary>
public class TokenSamplerTests
{
    private const int Vocabulary = 40;
    private const int Draws = 4000;

    internal static Arbitrary<Case> Cases { get; } =
        (from seed in Gen.Choose(0, int.MaxValue - 1)
         from temperature in Gen.Elements(0.3, 1.0, 2.5)
         from topK in Gen.Elements<int?>(null, 1, 2, 7, Vocabulary, 1000)
         from topP in Gen.Elements(1.0, 0.99, 0.7, 0.2, 1e-6)
         from minP in Gen.Elements(0.0, 0.02, 0.3, 1.0)
         from penalty in Gen.Elements(1.0, 1.3, 0.7)
         from flat in Gen.Elements(true, false)
         select new Case(seed, temperature, topK, topP, minP, penalty, flat)).ToArbitrary();

    // A sum of squared deviations beyond the quantile of one in 10⁸: over all runs of this test a false alarm is not to be expected.
    [Property(MaxTest = 150)]
    public Property Draws_have_the_distribution_of_the_reference() => Prop.ForAll(Cases, c =>
    {
        float[] logits = Logits(c);
        GenerationOptions options = Options(c);
        double[] expected = Reference(logits, options, Seen);
        TokenSampler sampler = Sampler(options);
        int[] counts = new int[Vocabulary];
        for (int place = 0; place < Draws; place++)
        {
            counts[sampler.Choose([.. logits], place)]++;
        }

        Assert.All(Enumerable.Range(0, Vocabulary).Where(id => counts[id] > 0), id => Assert.True(expected[id] > 0, $"token {id} is outside"));
        int[] likely = [.. Enumerable.Range(0, Vocabulary).Where(id => expected[id] * Draws >= 5)];
        double rest = 1 - likely.Sum(id => expected[id]), squares = likely.Sum(id => Math.Pow(counts[id] - (expected[id] * Draws), 2) / (expected[id] * Draws));
        if (rest * Draws >= 5)
        {
            squares += Math.Pow(Draws - likely.Sum(id => counts[id]) - (rest * Draws), 2) / (rest * Draws);
        }

        Assert.InRange(squares, 0, ChiSquareQuantile(Math.Max(1, likely.Length), 5.6));
    });

    [Property(MaxTest = 150)]
    public Property Greedy_takes_the_first_of_the_reference() => Prop.ForAll(Cases, c =>
    {
        float[] logits = Logits(c);
        GenerationOptions options = Options(c) with { Temperature = 0 };
        double[] expected = Reference(logits, options with { Temperature = 1, TopK = 1, MinP = 0, TopP = 1 }, Seen);
        return Sampler(options).Choose([.. logits], 3) == Array.IndexOf(expected, 1.0);
    });

    [Fact]
    public void Biases_forbid_and_force()
    {
        float[] logits = Logits(new Case(1, 1, null, 1, 0, 1, false));
        GenerationOptions forbid = new() { LogitBias = Enumerable.Range(0, Vocabulary - 1).ToDictionary(id => id, _ => double.NegativeInfinity) };
        Assert.Equal(Vocabulary - 1, new TokenSampler(forbid).Choose([.. logits], 0));
        Assert.Equal(Vocabulary - 1, new TokenSampler(forbid with { Temperature = 1, TopP = 0.5 }).Choose([.. logits], 0));
        Assert.Equal(5, new TokenSampler(new() { LogitBias = new Dictionary<int, double> { [5] = 100 } }).Choose([.. logits], 0));
        GenerationOptions none = new() { LogitBias = Enumerable.Range(0, Vocabulary).ToDictionary(id => id, _ => double.NegativeInfinity) };
        foreach (GenerationOptions options in new[] { none, none with { Temperature = 1 }, none with { Temperature = 1, TopK = 3 }, none with { Temperature = 1, TopP = 0.5 } })
        {
            Assert.Throws<GemmaException>(() => new TokenSampler(options).Choose([.. logits], 0));
        }
    }

    [Fact]
    public void NaN_is_never_chosen()
    {
        float[] logits = [.. Enumerable.Repeat(float.NaN, Vocabulary)];
        logits[7] = -3;
        foreach (GenerationOptions options in new GenerationOptions[]
                 {
                     new(), new() { Temperature = 1 }, new() { Temperature = 1, TopK = 4 }, new() { Temperature = 1, TopP = 0.9 }, new() { Temperature = 1, MinP = 0.1 },
                 })
        {
            Assert.Equal(7, new TokenSampler(options).Choose([.. logits], 0));
        }
    }

    [Fact]
    public void What_leaves_the_range_of_numbers_comes_first_or_is_refused()
    {
        GenerationOptions[] all = [new(), new() { Temperature = 1 }, new() { Temperature = 1, TopK = 4 }, new() { Temperature = 1, TopP = 0.9 }, new() { Temperature = 1, MinP = 0.1 }];
        float[] logits = Logits(new Case(1, 1, null, 1, 0, 1, false));
        float[] infinite = [.. logits];
        infinite[7] = float.PositiveInfinity;
        foreach (GenerationOptions options in all)
        {
            // Finite for the options' rules, and more than a float32 holds.
            Assert.Equal(5, new TokenSampler(options with { LogitBias = new Dictionary<int, double> { [5] = 1e300 } }).Choose([.. logits], 0));
            TokenSampler sampler = new(options with { RepetitionPenalty = 1e-300 });
            int likeliest = Array.IndexOf(logits, logits.Max());
            sampler.Add(likeliest);
            Assert.Equal(likeliest, sampler.Choose([.. logits], 0));
            if (options.Temperature == 0)
            {
                Assert.Equal(7, new TokenSampler(options).Choose([.. infinite], 0));
            }
            else
            {
                Assert.Equal("logits", Assert.Throws<GemmaException>(() => new TokenSampler(options).Choose([.. infinite], 0)).Subject);
            }
        }
    }

    [Fact]
    public void Numbers_of_a_seed_are_known_and_those_of_two_seeds_differ()
    {
        // SplitMix64's published outputs for the seed 1234567 begin with 6457827717110365317: the counter at 0 is its first output where
        // the seed's own hash is left out, which is checked here through the formula written down again.
        static ulong Mix(ulong z)
        {
            z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
            z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
            return z ^ (z >> 31);
        }

        Assert.Equal(6457827717110365317UL, Mix(1234567 + 0x9E3779B97F4A7C15));
        ulong begin = Mix(unchecked(5 + 0x9E3779B97F4A7C15));
        Assert.Equal((Mix(unchecked(begin + (3 * 0x9E3779B97F4A7C15))) >> 11) / Math.Pow(2, 53), CounterRandom.Unit(5, 2));
        double[] first = [.. Enumerable.Range(0, 1000).Select(i => CounterRandom.Unit(0, i))], second = [.. Enumerable.Range(0, 1000).Select(i => CounterRandom.Unit(1, i))];
        Assert.Empty(first.Intersect(second));
        Assert.All(first.Concat(second), x => Assert.InRange(x, 0, Math.BitDecrement(1)));
        double correlation = first.Zip(second, (a, b) => (a - 0.5) * (b - 0.5)).Average() * 12;
        Assert.InRange(correlation, -0.15, 0.15);
    }

    [Property(MaxTest = 100)]
    public Property The_first_of_all_are_those_of_a_sort() => Prop.ForAll(Cases, c =>
    {
        float[] logits = Logits(c);
        int count = c.TopK ?? 13;
        IEnumerable<int> expected = Enumerable.Range(0, Vocabulary).OrderByDescending(id => logits[id]).ThenBy(id => id).Take(count);
        return Candidate.Top(logits, count).Select(candidate => candidate.Id).SequenceEqual(expected);
    });

    private static int[] Seen { get; } = [0, 3, 3, 8, 21];

    private static TokenSampler Sampler(GenerationOptions options)
    {
        TokenSampler sampler = new(options);
        Array.ForEach(Seen, sampler.Add);
        return sampler;
    }

    private static GenerationOptions Options(Case c) => new()
    {
        Seed = c.Seed,
        Temperature = c.Temperature,
        TopK = c.TopK,
        TopP = c.TopP,
        MinP = c.MinP,
        RepetitionPenalty = c.Penalty,
        LogitBias = new Dictionary<int, double> { [2] = 1.5, [3] = 2, [30] = double.NegativeInfinity },
    };

    // Some equal, so that the order of equals is seen.
    private static float[] Logits(Case c)
    {
        Random random = new(c.Seed);
        return [.. Enumerable.Range(0, Vocabulary).Select(_ => c.IsFlat ? random.Next(-2, 3) : (float)(random.NextDouble() * 12) - 6)];
    }

    private static double[] Reference(float[] logits, GenerationOptions options, int[] seen)
    {
        double[] x = [.. logits.Select(logit => (double)logit)];
        foreach (int id in seen.Distinct())
        {
            x[id] = (float)(x[id] > 0 ? x[id] / options.RepetitionPenalty : x[id] * options.RepetitionPenalty);
        }

        foreach ((int id, double bias) in options.LogitBias!)
        {
            x[id] = (float)x[id] + (float)bias;
        }

        List<int> order = [.. Enumerable.Range(0, x.Length).Where(id => !double.IsNegativeInfinity(x[id])).OrderByDescending(id => x[id]).ThenBy(id => id)];
        order = [.. order.Take(options.TopK ?? order.Count)];
        double highest = x[order[0]];
        double[] weights = [.. order.Select(id => Math.Exp((x[id] - highest) / options.Temperature))];
        double total = weights.Sum(), sum = 0;
        int kept = 0;
        while (kept < order.Count && (kept == 0 || sum < options.TopP * total))
        {
            sum += weights[kept++];
        }

        int[] stay = [.. Enumerable.Range(0, options.TopP == 1 ? order.Count : kept).Where(i => weights[i] >= options.MinP)];
        double left = stay.Sum(i => weights[i]);
        double[] result = new double[x.Length];
        foreach (int i in stay)
        {
            result[order[i]] = weights[i] / left;
        }

        return result;
    }

    // Wilson and Hilferty's approximation at a number of standard deviations.
    private static double ChiSquareQuantile(int freedom, double deviations) =>
        freedom * Math.Pow(1 - (2.0 / (9 * freedom)) + (deviations * Math.Sqrt(2.0 / (9 * freedom))), 3) + 5;

    internal sealed record Case(int Seed, double Temperature, int? TopK, double TopP, double MinP, double Penalty, bool IsFlat);
}
