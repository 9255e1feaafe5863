using System.Numerics.Tensors;

namespace ManagedGemma.Generation.Sampling;

/// <summary>Log-probabilities of logits, in double.</summary>
internal static class LogSoftmax
{
    /// <summary>What is taken from a logit to make its log-probability: the logarithm of the sum of all exponentials.</summary>
    public static double Normaliser(ReadOnlySpan<float> logits)
    {
        double largest = TensorPrimitives.Max(logits), sum = 0;
        foreach (float value in logits)
        {
            sum += Math.Exp(value - largest);
        }

        return largest + Math.Log(sum);
    }

    /// <summary>A token's log-probability, with the likeliest ones.</summary>
    public static TokenLogProbability Of(ReadOnlySpan<float> logits, int id, int alternatives)
    {
        double normaliser = Normaliser(logits);
        TokenLogProbability[] likeliest = alternatives == 0
            ? []
            : [.. Candidate.Top(logits, alternatives).Select(candidate => new TokenLogProbability(candidate.Id, candidate.Logit - normaliser, []))];
        return new TokenLogProbability(id, logits[id] - normaliser, likeliest);
    }
}
