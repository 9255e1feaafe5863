namespace ManagedGemma.Bench.Roofline;

/// <summary>A run and the limit around it.</summary>
/// <param name="Seconds">How long it took.</param>
/// <param name="Limit">The machine's limit meanwhile.</param>
/// <param name="Result">What it returned.</param>
internal readonly record struct PairedRun<T>(double Seconds, double Limit, T Result);
