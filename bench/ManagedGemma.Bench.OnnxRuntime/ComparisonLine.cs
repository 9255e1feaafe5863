using System.Text.Json.Serialization;

namespace ManagedGemma.Bench.OnnxRuntime;

/// <summary>One case, one JSON line: both rates, and how far either result is from the exact one (relative, in L2).</summary>
internal sealed record ComparisonLine
{
    public string Case { get; } = "matmul";

    public required int Columns { get; init; }

    public required int Rows { get; init; }

    public required string Precision { get; init; }

    public required int Threads { get; init; }

    public required int Tokens { get; init; }

    public required double GmacsPerS { get; init; }

    public required double OnnxruntimeGmacsPerS { get; init; }

    /// <summary>Ours over theirs.</summary>
    public required double Ratio { get; init; }

    public required double Error { get; init; }

    public required double OnnxruntimeError { get; init; }

    public required string Onnxruntime { get; init; }
}

/// <summary>JSON of the lines.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(ComparisonLine))]
internal sealed partial class ComparisonJson : JsonSerializerContext;
