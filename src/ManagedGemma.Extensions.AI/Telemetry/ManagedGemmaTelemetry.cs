using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace ManagedGemma.Extensions.AI.Telemetry;

/// <summary>
/// Where traces and metrics come from: an <see cref="ActivitySource"/> and a <see cref="Meter"/> of one name, with the names of
/// OpenTelemetry's semantic conventions for generative AI. Nothing is recorded unless somebody listens.
/// </summary>
public static class ManagedGemmaTelemetry
{
    /// <summary>The name of the activity source and of the meter: for <c>AddSource</c> and <c>AddMeter</c>.</summary>
    public const string Name = "ManagedGemma";

    internal const string ProviderName = "managed_gemma";

    // Bucket boundaries as the conventions advise.
    private static readonly long[] TokenBuckets = [1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864];
    private static readonly double[] SecondBuckets = [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92];

    private static readonly Meter Meter = new(Name);

    internal static ActivitySource Source { get; } = new(Name);

    internal static Histogram<long> TokenUsage { get; } = Meter.CreateHistogram(
        "gen_ai.client.token.usage",
        "{token}",
        "Number of input and output tokens used",
        tags: null,
        new InstrumentAdvice<long> { HistogramBucketBoundaries = TokenBuckets });

    internal static Histogram<double> Duration { get; } = Meter.CreateHistogram(
        "gen_ai.client.operation.duration",
        "s",
        "GenAI operation duration",
        tags: null,
        new InstrumentAdvice<double> { HistogramBucketBoundaries = SecondBuckets });
}
