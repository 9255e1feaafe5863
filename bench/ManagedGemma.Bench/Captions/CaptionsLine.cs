namespace ManagedGemma.Bench.Captions;

/// <summary>One JSON line: captions a second, three ways.</summary>
/// <param name="Precision">fast, precise or float32.</param>
/// <param name="Threads">Threads that compute.</param>
/// <param name="Layers">Layers of the encoder.</param>
/// <param name="Captions">How many.</param>
/// <param name="Tokens">Tokens of all of them.</param>
/// <param name="Connected">Whether the connectors run, and over how many slots; 0: not.</param>
/// <param name="TogetherPerS">All in one run, as many in a pass as the whole 12b takes.</param>
/// <param name="OneByOnePerS">One after the other in the same process.</param>
/// <param name="ProcessesPerS">One after the other, each in a process of its own.</param>
/// <param name="Processes">How many of them were run so.</param>
/// <param name="OverOneByOne">Together over one by one.</param>
/// <param name="OverProcesses">Together over processes.</param>
/// <param name="WeightsGb">What a pass reads of weights, in billions of bytes.</param>
/// <param name="MemoryLimit">What memory gives, in billions of bytes a second, measured in this run.</param>
/// <param name="MemoryLimitPerS">Captions a second at most, where each reads all weights: the limit of one by one.</param>
internal sealed record CaptionsLine(
    string Precision,
    int Threads,
    int Layers,
    int Captions,
    long Tokens,
    int Connected,
    double TogetherPerS,
    double OneByOnePerS,
    double ProcessesPerS,
    int Processes,
    double OverOneByOne,
    double OverProcesses,
    double WeightsGb,
    double MemoryLimit,
    double MemoryLimitPerS);
