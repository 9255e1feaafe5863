using System.Text.Json;

namespace ManagedGemma.Checkpoints;

/// <summary>
/// What a config.json says of a Gemma 3 decoder, in any of the spellings seen in the wild. Values that were parsed are
/// in range: positive, finite, sizes whose products fit in 63 bits, as many attention kinds as layers.
/// </summary>
public sealed class GemmaConfig
{
    /// <summary>The most bytes that a config.json may have.</summary>
    internal const int LongestFile = 16 << 20;

    /// <summary>gemma3 (with a vision tower beside the decoder) or gemma3_text.</summary>
    public string ModelType { get; init; } = "gemma3_text";

    /// <summary>Width of the residual stream.</summary>
    public required int HiddenSize { get; init; }

    /// <summary>Number of layers.</summary>
    public required int LayerCount { get; init; }

    /// <summary>Width between gate/up and down projection.</summary>
    public required int IntermediateSize { get; init; }

    /// <summary>Query heads.</summary>
    public int HeadCount { get; init; } = 8;

    /// <summary>Key and value heads; divides <see cref="HeadCount"/>.</summary>
    public int KeyValueHeadCount { get; init; } = 4;

    /// <summary>Width of a head; even.</summary>
    public int HeadDim { get; init; } = 256;

    /// <summary>What RMSNorm adds to the mean square.</summary>
    public double RmsNormEps { get; init; } = 1e-6;

    /// <summary>How many positions a sliding layer sees, the query's own included.</summary>
    public int SlidingWindow { get; init; } = 4096;

    /// <summary>Attention scores are multiplied by this to the power of -0.5.</summary>
    public double QueryPreAttnScalar { get; init; } = 256;

    /// <summary>For each layer whether it sees everything before it (true) or a window (false).</summary>
    public required IReadOnlyList<bool> FullAttention { get; init; }

    /// <summary>RoPE's base on full layers.</summary>
    public double RopeThetaFull { get; init; } = 1e6;

    /// <summary>RoPE's base on sliding layers.</summary>
    public double RopeThetaSliding { get; init; } = 1e4;

    /// <summary>Positions are divided by this on full layers; 1 is unscaled.</summary>
    public double RopeFactorFull { get; init; } = 1;

    /// <summary>Positions are divided by this on sliding layers; 1 is unscaled.</summary>
    public double RopeFactorSliding { get; init; } = 1;

    /// <summary>The longest sequence that the model was made for, if the config says.</summary>
    public int? MaxPositionEmbeddings { get; init; }

    /// <summary>The token that begins every sequence.</summary>
    public int BosTokenId { get; init; } = 2;

    /// <summary>The tokens that end a generation; at least one.</summary>
    public IReadOnlyList<int> EosTokenIds { get; init; } = [1];

    /// <summary>The token that fills up a batch.</summary>
    public int PadTokenId { get; init; }

    /// <summary>How quantised modules are quantised; null when the config does not say.</summary>
    public QuantizationConfig? Quantization { get; init; }

    /// <summary>Reads a config.json's text. Where a key is given twice the last one wins, as in Python.</summary>
    /// <param name="json">The file's bytes.</param>
    /// <param name="path">The file's path, for messages.</param>
    /// <exception cref="GemmaException">It is not JSON, not Gemma 3, or a value is missing or out of range; the key is named.</exception>
    public static GemmaConfig Parse(ReadOnlySpan<byte> json, string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        try
        {
            Utf8JsonReader reader = new(json);
            using JsonDocument document = JsonDocument.ParseValue(ref reader);

            // Anything but white space after the value is an error, which this call reports.
            reader.Read();
            return GemmaConfigParser.Parse(document.RootElement, path);
        }
        catch (JsonException exception)
        {
            throw new GemmaException("the file is not JSON", path, found: exception.Message, innerException: exception);
        }
    }

    /// <summary>Reads a config.json.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="GemmaException">The file cannot be read, or as for <see cref="Parse"/>.</exception>
    public static GemmaConfig Load(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        return Parse(FileFailure.ReadSmall(path, LongestFile), path);
    }
}
