using System.Globalization;
using ManagedGemma.Checkpoints;
using ManagedGemma.Cli.Hosting;
using ManagedGemma.Cli.Output;
using ManagedGemma.Conditioning;

namespace ManagedGemma.Cli.Commands.Encode;

/// <summary>How prompts are encoded and written, with the command line's own words for metadata and reports.</summary>
internal sealed record EncodeSettings
{
    public required EncodeOptions Options { get; init; }

    public required string Profile { get; init; }

    public required string Precision { get; init; }

    public required string Features { get; init; }

    public required string Dtype { get; init; }

    public required string Padding { get; init; }

    public required ElementType ElementType { get; init; }

    public required bool HasHiddenStates { get; init; }

    /// <summary>With <c>--enhance</c>: which of the possible texts; else null.</summary>
    public long? EnhanceSeed { get; init; }

    /// <summary>The sizes of a prompt's file.</summary>
    public FeatureFileShape Shape(GemmaConfig config, PromptTokens tokens)
    {
        int length = Options.Padding == Conditioning.Padding.Left ? Options.MaxLength : tokens.Ids.Count;
        return new FeatureFileShape(length, config.LayerCount, config.HiddenSize, ElementType, HasHiddenStates);
    }

    /// <summary>What a prompt's file says of itself: enough to make it again, nothing of the machine.</summary>
    public Dictionary<string, string> Metadata(string model, GemmaConfig config, PromptTokens tokens)
    {
        Dictionary<string, string> metadata = OwnMetadata(model, config, tokens);
        if (EnhanceSeed is { } seed)
        {
            metadata["enhance_seed"] = seed.ToString(CultureInfo.InvariantCulture);
        }

        return metadata;
    }

    private Dictionary<string, string> OwnMetadata(string model, GemmaConfig config, PromptTokens tokens) => new()
    {
        ["format_version"] = "1",
        ["managed_gemma_version"] = ToolVersion.Current,
        ["model"] = model,
        ["profile"] = Profile,
        ["precision"] = Precision,
        ["features_version"] = Features,
        ["states"] = (config.LayerCount + 1).ToString(CultureInfo.InvariantCulture),
        ["padding"] = Padding,
        ["token_count"] = tokens.Ids.Count.ToString(CultureInfo.InvariantCulture),
        ["truncated_count"] = tokens.Truncated.ToString(CultureInfo.InvariantCulture),
    };
}
