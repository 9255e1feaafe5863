using System.Text.Json.Serialization;

namespace ManagedGemma.Bench.Ltx;

/// <summary>One case, one JSON line: the median run of projection and both connectors.</summary>
/// <param name="Case">Which weights: ltx-2.3.</param>
/// <param name="Threads">Threads that compute.</param>
/// <param name="Tokens">Tokens of the prompt, which the projection takes.</param>
/// <param name="Slots">Slots of the connectors.</param>
/// <param name="Seconds">Of projection and connectors together.</param>
/// <param name="GmacsPerS">Billions of multiply-accumulates a second: products with weights, and attention.</param>
/// <param name="LimitName">Which of the machine's limits bounds it: float32's multiply-accumulates.</param>
/// <param name="Limit">That limit, in GMAC/s, measured before and after each run: the median.</param>
/// <param name="Share">How much of it is reached: the median of the runs, each against the limit around it.</param>
/// <param name="PrivateMb">The most memory held during a run, mapped weights apart.</param>
/// <param name="Parts">Where the seconds went.</param>
internal sealed record LtxLine(
    string Case,
    int Threads,
    int Tokens,
    int Slots,
    double Seconds,
    double GmacsPerS,
    string? LimitName,
    double Limit,
    double Share,
    double PrivateMb,
    LtxParts Parts);

/// <summary>
/// Seconds: the projection with its norms; of both connectors the products of attention (q, k, v, gates, o), attention itself with its head
/// norms, the feed-forward, and the rest.
/// </summary>
internal sealed record LtxParts(double Projection, double Products, double Attention, double FeedForward, double Rest);

/// <summary>JSON of the bench's lines.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(LtxLine))]
internal sealed partial class LtxJson : JsonSerializerContext;
