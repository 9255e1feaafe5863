namespace ManagedGemma.Generation.Sampling;

/// <summary>A token and its logit. The order of candidates: the higher logit first, of equal ones the lower id.</summary>
internal readonly record struct Candidate(int Id, float Logit) : IComparable<Candidate>
{
    /// <inheritdoc/>
    public int CompareTo(Candidate other)
    {
        int byLogit = other.Logit.CompareTo(Logit);
        return byLogit != 0 ? byLogit : Id.CompareTo(other.Id);
    }

    /// <summary>Whether this one goes before another.</summary>
    public bool IsBefore(Candidate other) => Logit > other.Logit || (Logit == other.Logit && Id < other.Id);

    /// <summary>The first <paramref name="count"/> of all logits, in order; NaN counts as negative infinity and neither is taken.</summary>
    public static List<Candidate> Top(ReadOnlySpan<float> logits, int count)
    {
        // A heap whose root is the last of those that are kept.
        List<Candidate> kept = new(Math.Min(count, logits.Length));
        for (int id = 0; id < logits.Length; id++)
        {
            float logit = logits[id];
            if (!(logit > float.NegativeInfinity))
            {
                continue;
            }

            if (kept.Count < count)
            {
                kept.Add(new Candidate(id, logit));
                if (kept.Count == count)
                {
                    // In descending order an array is a heap of this kind.
                    kept.Sort((a, b) => b.CompareTo(a));
                }
            }
            else if (logit > kept[0].Logit)
            {
                // An equal logit has a higher id here, so it stays outside.
                SiftDown(kept, new Candidate(id, logit));
            }
        }

        kept.Sort();
        return kept;
    }

    private static void SiftDown(List<Candidate> heap, Candidate candidate)
    {
        int at = 0;
        while (true)
        {
            int child = (2 * at) + 1;
            if (child >= heap.Count)
            {
                break;
            }

            if (child + 1 < heap.Count && heap[child].IsBefore(heap[child + 1]))
            {
                child++;
            }

            if (!candidate.IsBefore(heap[child]))
            {
                break;
            }

            heap[at] = heap[child];
            at = child;
        }

        heap[at] = candidate;
    }
}
