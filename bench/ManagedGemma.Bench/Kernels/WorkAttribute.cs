namespace ManagedGemma.Bench.Kernels;

/// <summary>What one call of a benchmark does, for a rate beside its time.</summary>
/// <param name="amount">Multiply-accumulates or elements; of a token where the benchmark has a parameter Tokens.</param>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class WorkAttribute(double amount) : Attribute
{
    public double Amount => amount;

    /// <summary>Whether it grows with the tokens.</summary>
    public bool PerToken { get; init; } = true;
}
