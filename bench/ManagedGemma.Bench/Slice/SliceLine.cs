using System.Text.Json.Serialization;

namespace ManagedGemma.Bench.Slice;

/// <summary>One case, one JSON line: the median run.</summary>
/// <param name="Case">prefill, or decode of one token behind others.</param>
/// <param name="Precision">fast, precise or float32.</param>
/// <param name="Threads">Threads that compute.</param>
/// <param name="Tokens">Tokens of a pass.</param>
/// <param name="Layers">Layers of the model.</param>
/// <param name="TokensPerS">Tokens a second through all layers.</param>
/// <param name="GmacsPerS">Billions of multiply-accumulates with weights a second.</param>
/// <param name="GbytesPerS">Billions of bytes of weights a second.</param>
/// <param name="LimitName">Which of the machine's limits bounds it.</param>
/// <param name="Limit">That limit, in GMAC/s or GB/s, measured before and after each run: the median.</param>
/// <param name="Share">How much of it is reached: the median of the runs, each against the limit around it.</param>
/// <param name="PrivateMb">The most memory held during a pass, mapped weights apart.</param>
/// <param name="Parts">Where the seconds went.</param>
internal sealed record SliceLine(
    string Case,
    string Precision,
    int Threads,
    int Tokens,
    int Layers,
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
[JsonSerializable(typeof(Captions.CaptionsLine))]
[JsonSerializable(typeof(Roofline.Limit))]
internal sealed partial class BenchJson : JsonSerializerContext;
