using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;
using ManagedGemma.Generation.Lookup;

namespace ManagedGemma.Tests.Generation;

/// <summary>Where candidates come from, and when they are tried.</summary>
public class LookupTests
{
    [Property(MaxTest = 300)]
    public Property Candidates_are_what_followed_the_last_occurrence_of_the_longest_run() => Prop.ForAll(
        Gen.ListOf(Gen.Choose(0, 3)).ToArbitrary(),
        ids =>
        {
            int[] tokens = [.. ids];
            TokenNgrams ngrams = new();
            Array.ForEach(tokens, ngrams.Add);
            List<int> candidates = ngrams.Candidates(5, out int matched);
            for (int length = TokenNgrams.Longest; length >= TokenNgrams.Shortest; length--)
            {
                for (int end = tokens.Length - 1; end >= length; end--)
                {
                    if (tokens.AsSpan(end - length, length).SequenceEqual(tokens.AsSpan(tokens.Length - length)))
                    {
                        List<int> text = [.. tokens];
                        for (int i = 0; i < 5; i++)
                        {
                            text.Add(text[end + i]);
                        }

                        return matched == length && candidates.SequenceEqual(text[tokens.Length..]);
                    }
                }
            }

            return matched == 0 && candidates.Count == 0;
        });

    [Fact]
    public void Where_candidates_are_right_and_cost_little_many_are_tried()
    {
        LookupPolicy policy = new();
        PassCosts costs = Costs(rows => 1 + (0.05 * rows));
        for (int i = 0; i < 30; i++)
        {
            policy.Learn(3, 5, wrong: false);
        }

        Assert.Equal(LookupPolicy.Most, policy.Choose(3, 100, 1, 1, costs));
        Assert.Equal(4, policy.Choose(3, 4, 1, 1, costs));
    }

    [Fact]
    public void Where_they_are_wrong_none_is_tried_until_those_not_tried_would_have_been_right()
    {
        LookupPolicy policy = new();
        PassCosts costs = Costs(rows => 1 + (0.2 * rows));
        for (int i = 0; i < 20; i++)
        {
            policy.Learn(2, 0, wrong: true);
        }

        Assert.Equal(0, policy.Choose(2, 8, 1, 1, costs));
        Assert.NotEqual(0, policy.Choose(3, 8, 1, 1, costs));
        for (int i = 0; i < 10; i++)
        {
            policy.Learn(2, 1, wrong: false);
        }

        Assert.NotEqual(0, policy.Choose(2, 8, 1, 1, costs));
    }

    [Fact]
    public void Where_tokens_cost_as_much_together_as_alone_none_is_tried()
    {
        LookupPolicy policy = new();
        for (int i = 0; i < 100; i++)
        {
            policy.Learn(3, 5, wrong: false);
        }

        Assert.Equal(0, policy.Choose(3, 8, 1, 1, Costs(rows => rows * 1.05)));
    }

    [Fact]
    public void Costs_between_known_ones_lie_on_a_line_and_beyond_are_tried()
    {
        PassCosts costs = new();
        Assert.Equal(0, costs.Seconds(3));
        costs.Add(1, 1);
        costs.Add(5, 3);
        Assert.Equal(2, costs.Seconds(3), 1e-12);
        Assert.Equal(3, costs.Seconds(20), 1e-12);
        costs.Add(1, 1000);
        Assert.InRange(costs.Seconds(1), 1, 1.3);
    }

    private static PassCosts Costs(Func<int, double> seconds)
    {
        PassCosts costs = new();
        for (int rows = 1; rows <= 32; rows++)
        {
            costs.Add(rows, seconds(rows));
        }

        return costs;
    }
}
