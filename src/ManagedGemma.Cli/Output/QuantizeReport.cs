namespace ManagedGemma.Cli.Output;

/// <summary>What <c>quantize --json</c> prints. Times are seconds, sizes bytes of tensors.</summary>
internal sealed record QuantizeReport
{
    public required string Source { get; init; }

    public required string Destination { get; init; }

    public required string Mode { get; init; }

    public required int Bits { get; init; }

    public required int GroupSize { get; init; }

    public required int Threads { get; init; }

    /// <summary>Weights of the decoder.</summary>
    public required long Parameters { get; init; }

    /// <summary>The decoder's tensors before.</summary>
    public required long SourceBytes { get; init; }

    /// <summary>Tensors of the source that the decoder does not read.</summary>
    public required long LeftOutBytes { get; init; }

    public required long OutputBytes { get; init; }

    /// <summary>Scales, biases, norms and dense modules included.</summary>
    public required double BitsPerWeight { get; init; }

    public required int WeightFiles { get; init; }

    /// <summary>Matrices whose width the group does not divide.</summary>
    public required IReadOnlyList<string> DenseModules { get; init; }

    public required IReadOnlyList<string> CopiedFiles { get; init; }

    public required double Seconds { get; init; }

    public required long PeakMemoryBytes { get; init; }

    /// <summary>Without the mapped source, at the end; null where the system does not tell.</summary>
    public required long? PrivateMemoryBytes { get; init; }

    public required IReadOnlyList<string> Warnings { get; init; }
}
