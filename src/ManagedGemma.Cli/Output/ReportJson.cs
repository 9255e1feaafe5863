using System.Text.Json;
using System.Text.Json.Serialization;

namespace ManagedGemma.Cli.Output;

/// <summary>JSON of the reports, without reflection.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, GenerationMode = JsonSourceGenerationMode.Serialization)]
[JsonSerializable(typeof(BatchReport))]
[JsonSerializable(typeof(CaptionPlan))]
[JsonSerializable(typeof(ConditionReport))]
[JsonSerializable(typeof(CompareReport))]
[JsonSerializable(typeof(EncodeReport))]
[JsonSerializable(typeof(EnhanceReport))]
[JsonSerializable(typeof(GenerateLine))]
[JsonSerializable(typeof(GenerateReport))]
[JsonSerializable(typeof(InspectReport))]
[JsonSerializable(typeof(PullReport))]
[JsonSerializable(typeof(QuantizeReport))]
[JsonSerializable(typeof(TokenizeReport))]
internal sealed partial class ReportJson : JsonSerializerContext
{
    /// <summary>Prints a report on one line.</summary>
    public static void Print<T>(TextWriter writer, T report, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> type) =>
        writer.WriteLine(JsonSerializer.Serialize(report, type));
}
