namespace ManagedGemma.Bench.Roofline;

/// <summary>One of the machine's limits, as measured in this run.</summary>
/// <param name="Name">What bounds.</param>
/// <param name="Unit">GMAC/s or GB/s.</param>
/// <param name="Threads">Threads at once.</param>
/// <param name="Value">The best of several tries: a limit is what the machine can do, not what a neighbour leaves.</param>
internal sealed record Limit(string Name, string Unit, int Threads, double Value);
