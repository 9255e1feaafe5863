namespace ManagedGemma.Generation.Sampling;

/// <summary>
/// Chooses a token from logits, in the order that <see cref="GenerationOptions"/> states. Everything behind the logits is double, one
/// thread and a fixed order: the choice depends on logits, options, place and the tokens so far, and on nothing else.
/// </summary>
internal sealed class TokenSampler(GenerationOptions options)
{
    // Logits that lie this many temperatures below the highest are left out of the search for top-p at first: e⁻¹² of its probability.
    private const double FirstDepth = 12;

    private readonly HashSet<int> _seen = [];
    private readonly List<double> _weights = [];

    /// <summary>Tells of a token of prompt or text.</summary>
    public void Add(int id)
    {
        if (options.RepetitionPenalty != 1)
        {
            _seen.Add(id);
        }
    }

    /// <summary>Chooses.</summary>
    /// <param name="logits">[vocabulary]: overwritten by penalties and biases.</param>
    /// <param name="place">The token's place in the text, from 0.</param>
    /// <exception cref="GemmaException">No logit is a number, or all are forbidden.</exception>
    public int Choose(Span<float> logits, int place)
    {
        Adjust(logits);
        if (options.Temperature == 0 || options.TopK == 1)
        {
            return Likeliest(logits).Id;
        }

        List<Candidate> candidates = Filter(logits);
        double highest = double.NegativeInfinity, sum = 0;
        foreach (Candidate candidate in candidates)
        {
            highest = Math.Max(highest, candidate.Logit);
        }

        _weights.Clear();
        foreach (Candidate candidate in candidates)
        {
            double weight = Weight(candidate, highest);
            weight = weight < options.MinP ? 0 : weight;
            _weights.Add(weight);
            sum += weight;
        }

        double left = CounterRandom.Unit(options.Seed, place) * sum;
        int chosen = -1;
        for (int i = 0; i < candidates.Count && (chosen < 0 || left >= 0); i++)
        {
            // Rounding may leave a little after the last one: then it is the last one's.
            if (_weights[i] > 0)
            {
                chosen = candidates[i].Id;
                left -= _weights[i];
            }
        }

        return chosen >= 0 ? chosen : throw new GemmaException("no token can be drawn", subject: "logits", expected: "finite numbers", found: "infinity");
    }

    private static Candidate Likeliest(ReadOnlySpan<float> logits)
    {
        Candidate best = new(-1, float.NegativeInfinity);
        for (int id = 0; id < logits.Length; id++)
        {
            if (logits[id] > best.Logit)
            {
                best = new Candidate(id, logits[id]);
            }
        }

        return best.Id >= 0 ? best : throw new GemmaException("no token is left to choose from", subject: "logits", expected: "a number above negative infinity");
    }

    private double Weight(Candidate candidate, double highest) => Math.Exp((candidate.Logit - highest) / options.Temperature);

    // A bias or penalty beyond float32's range means that one before all others, not none.
    private static float Bounded(float logit) => Math.Min(logit, float.MaxValue);

    private void Adjust(Span<float> logits)
    {
        foreach (int id in _seen)
        {
            if (id < logits.Length)
            {
                logits[id] = Bounded((float)(logits[id] > 0 ? logits[id] / options.RepetitionPenalty : logits[id] * options.RepetitionPenalty));
            }
        }

        foreach ((int id, double bias) in options.LogitBias ?? new Dictionary<int, double>())
        {
            logits[id] = Bounded(logits[id] + (float)bias);
        }
    }

    // In order where top-k or top-p need one, else by id.
    private List<Candidate> Filter(ReadOnlySpan<float> logits)
    {
        List<Candidate> candidates;
        if (options.TopK is { } count && count < logits.Length)
        {
            candidates = Candidate.Top(logits, count);
            return options.TopP < 1 ? Nucleus(candidates, Sum(candidates)) : Checked(candidates);
        }

        if (options.TopP == 1)
        {
            return Checked(Above(logits, double.NegativeInfinity));
        }

        double highest = Likeliest(logits).Logit, total = 0;
        foreach (float logit in logits)
        {
            total += logit > float.NegativeInfinity ? Weight(new Candidate(0, logit), highest) : 0;
        }

        // Only what may belong to the nucleus is sorted: mostly a handful of the whole vocabulary.
        for (double depth = FirstDepth; ; depth *= 4)
        {
            double least = highest - (depth * options.Temperature);
            candidates = Above(logits, least);
            if (Sum(candidates) >= options.TopP * total || candidates.Count == logits.Length || depth > 1000)
            {
                candidates.Sort();
                return Nucleus(candidates, total);
            }
        }
    }

    private static List<Candidate> Checked(List<Candidate> candidates) =>
        candidates.Count > 0 ? candidates : throw new GemmaException("no token is left to choose from", subject: "logits", expected: "a number above negative infinity");

    private static List<Candidate> Above(ReadOnlySpan<float> logits, double least)
    {
        List<Candidate> candidates = [];
        for (int id = 0; id < logits.Length; id++)
        {
            if (logits[id] >= least && logits[id] > float.NegativeInfinity)
            {
                candidates.Add(new Candidate(id, logits[id]));
            }
        }

        return candidates;
    }

    private double Sum(List<Candidate> candidates)
    {
        double sum = 0;
        Candidate first = candidates.Count > 0 ? candidates.Min() : default;
        foreach (Candidate candidate in candidates)
        {
            sum += Weight(candidate, first.Logit);
        }

        return sum;
    }

    // The fewest first ones that reach the sum.
    private List<Candidate> Nucleus(List<Candidate> sorted, double total)
    {
        Checked(sorted);
        double sum = 0;
        int count = 0;
        while (count < sorted.Count && (count == 0 || sum < options.TopP * total))
        {
            sum += Weight(sorted[count++], sorted[0].Logit);
        }

        sorted.RemoveRange(count, sorted.Count - count);
        return sorted;
    }
}
