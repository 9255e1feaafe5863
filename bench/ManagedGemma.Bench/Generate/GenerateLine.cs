using System.Text.Json.Serialization;

namespace ManagedGemma.Bench.Generate;

/// <summary>One case, one JSON line.</summary>
/// <param name="Case">decode, first-token, first-token-prefix, or a task of prompt lookup.</param>
/// <param name="Precision">fast, precise or float32.</param>
/// <param name="Threads">Threads that compute.</param>
/// <param name="Layers">Layers of the model.</param>
/// <param name="Prompt">Tokens of the prompt.</param>
/// <param name="TokensPerS">Generated tokens a second, of all sequences together.</param>
internal sealed record GenerateLine(string Case, string Precision, int Threads, int Layers, int Prompt, double TokensPerS)
{
    /// <summary>Sequences in a pass.</summary>
    public int? Sequences { get; init; }

    /// <summary>Milliseconds of a pass, the median.</summary>
    public double? StepMs { get; init; }

    /// <summary>Billions of bytes of weights a second, the head's included.</summary>
    public double? GbytesPerS { get; init; }

    /// <summary>What memory gives at most, measured around each pass.</summary>
    public double? LimitGbytesPerS { get; init; }

    /// <summary>How much of it is reached.</summary>
    public double? Share { get; init; }

    /// <summary>Tokens a second as a multiple of one sequence's, whose passes are measured in turn with these.</summary>
    public double? TimesOne { get; init; }

    /// <summary>Bytes of keys and values of a token that all layers keep.</summary>
    public long? CacheBytesPerToken { get; init; }

    /// <summary>And of one that has left the windows.</summary>
    public long? CacheBytesPerOldToken { get; init; }

    /// <summary>Seconds to the first token.</summary>
    public double? FirstTokenS { get; init; }

    /// <summary>Seconds to read the prefix's file.</summary>
    public double? LoadS { get; init; }

    /// <summary>The prefix's file in MB.</summary>
    public double? FileMb { get; init; }

    /// <summary>Prompt lookup: off, auto or on.</summary>
    public string? Lookup { get; init; }

    /// <summary>Which part of the tokens it guessed.</summary>
    public double? Guessed { get; init; }

    /// <summary>Tokens a second as a multiple of those without it.</summary>
    public double? TimesOff { get; init; }
}

/// <summary>JSON of the bench's lines.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(GenerateLine))]
internal sealed partial class GenerateJson : JsonSerializerContext;
