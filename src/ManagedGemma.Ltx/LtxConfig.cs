using ManagedGemma.Conditioning;

namespace ManagedGemma.Ltx;

/// <summary>What an LTX checkpoint's metadata says of its text parts.</summary>
public sealed record LtxConfig
{
    /// <summary>Rows of the learnable registers; the length of a conditioning is a multiple of it.</summary>
    public const int RegisterCount = 128;

    /// <summary>V1: LTX-2.0, one projection without bias. V2: LTX-2.3, one for video and one for audio, with bias.</summary>
    public required FeatureVersion Features { get; init; }

    /// <summary>The video connector.</summary>
    public required LtxConnectorConfig Video { get; init; }

    /// <summary>The audio connector.</summary>
    public required LtxConnectorConfig Audio { get; init; }

    /// <summary>Whether each head's attention output is scaled by a gate.</summary>
    public required bool Gated { get; init; }

    /// <summary>Whether the feed-forward matrices have a bias.</summary>
    public required bool FeedForwardBias { get; init; }

    /// <summary>Whether the frequencies of RoPE are computed in double before they are rounded to float32.</summary>
    public required bool DoubleFrequencies { get; init; }

    /// <summary>Positions are divided by this before RoPE maps them to −1 … 1.</summary>
    public required float MaxPosition { get; init; }

    /// <summary>caption_channels: the encoder's hidden size, where the metadata says it.</summary>
    public int? CaptionChannels { get; init; }

    /// <summary>model_version, where the metadata says it.</summary>
    public string? ModelVersion { get; init; }
}
