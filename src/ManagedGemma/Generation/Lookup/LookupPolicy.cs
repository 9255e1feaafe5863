namespace ManagedGemma.Generation.Lookup;

/// <summary>
/// How many candidates of one sequence go into a pass: as many as promise to save more time than they take. What they take is known from
/// passes before; whether they will be right is learnt from candidates before, also from those that were not tried: the token that came
/// instead shows whether the first one would have been right. So it stops by itself where it does not pay, and starts again where it does.
/// </summary>
internal sealed class LookupPolicy
{
    /// <summary>Candidates at most.</summary>
    public const int Most = 15;

    // Until something is known; and how fast it is learnt.
    private const double FirstGuess = 0.5;
    private const double Weight = 0.15;

    private readonly double[] _hits = [.. Enumerable.Repeat(FirstGuess, TokenNgrams.Longest + 1)];

    /// <summary>Tells how candidates fared.</summary>
    /// <param name="matched">The length of the run that they followed.</param>
    /// <param name="right">How many were right.</param>
    /// <param name="wrong">Whether one was wrong after them.</param>
    public void Learn(int matched, int right, bool wrong)
    {
        for (int i = 0; i < right; i++)
        {
            _hits[matched] += Weight * (1 - _hits[matched]);
        }

        if (wrong)
        {
            _hits[matched] -= Weight * _hits[matched];
        }
    }

    /// <summary>The number that promises most.</summary>
    /// <param name="matched">The length of the run that the candidates follow.</param>
    /// <param name="available">How many there are.</param>
    /// <param name="sequences">Sequences in the pass, each with a token that is needed anyway.</param>
    /// <param name="rows">Tokens in the pass so far, candidates of others included.</param>
    /// <param name="costs">What passes take.</param>
    public int Choose(int matched, int available, int sequences, int rows, PassCosts costs)
    {
        // A candidate that is right saves its sequence a pass, of which the others have their share.
        double saved = costs.Seconds(sequences) / sequences, before = costs.Seconds(rows);
        int best = 0;
        double most = 0, hits = 0, chain = 1;
        for (int count = 1; count <= Math.Min(available, Most) && rows + count <= PassCosts.MostRows; count++)
        {
            chain *= _hits[matched];
            hits += chain;
            double gain = (hits * saved) - (costs.Seconds(rows + count) - before);
            if (gain > most)
            {
                best = count;
                most = gain;
            }
        }

        return best;
    }
}
