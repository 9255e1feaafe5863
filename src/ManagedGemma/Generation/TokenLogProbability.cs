namespace ManagedGemma.Generation;

/// <summary>A token and the natural logarithm of the probability that the model gives it: before penalties, biases, temperature and filters.</summary>
/// <param name="Id">The token.</param>
/// <param name="LogProbability">At most 0.</param>
/// <param name="Alternatives">The likeliest tokens of its place, the likeliest first, as many as were asked for; empty for alternatives themselves.</param>
public sealed record TokenLogProbability(int Id, double LogProbability, IReadOnlyList<TokenLogProbability> Alternatives);
