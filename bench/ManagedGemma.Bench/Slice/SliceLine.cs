using System.Text.Json.Serialization;

namespace ManagedGemma.Bench.Slice;

/// <summary>One case, one JSON line.</summary>
internal sealed record SliceLine(
    string Case,
    string Precision,
    int Threads,
    int Tokens,
    double TokensPerS,
    double GmacsPerS,
    double GbytesPerS,
    string? LimitName,
    double Limit,
    double Share,
    double PrivateMb,
    SliceParts Parts);

/// <summary>Seconds of a pass: norms with rounding and gates, matrix products, attention with its head norms, and the rest.</summary>
internal sealed record SliceParts(double Quantise, double Matmul, double Attention, double Rest);

/// <summary>JSON of the bench's lines.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(SliceLine))]
[JsonSerializable(typeof(Roofline.Limit))]
internal sealed partial class BenchJson : JsonSerializerContext;
