using ManagedGemma.Model;

namespace ManagedGemma.Conditioning;

/// <summary>How a prompt is encoded.</summary>
public sealed record EncodeOptions
{
    /// <summary>LTX's own limit of a prompt, in tokens.</summary>
    public const int DefaultMaxLength = 1024;

    /// <summary>Whose conditioning.</summary>
    public Profile Profile { get; init; } = Profile.Ltx;

    /// <summary>The precision of matrix products.</summary>
    public Precision Precision { get; init; } = Precision.Precise;

    /// <summary>Which features.</summary>
    public FeatureVersion Features { get; init; } = FeatureVersion.V2;

    /// <summary>Tokens kept of a prompt, BOS included, and the length of padded outputs; at least 1.</summary>
    public int MaxLength { get; init; } = DefaultMaxLength;

    /// <summary>Whether outputs are filled up to <see cref="MaxLength"/>.</summary>
    public Padding Padding { get; init; } = Padding.Left;

    /// <summary>
    /// Tokens of a pass over several prompts, at most, unless one prompt alone has more. Memory grows with it (about 0.3 MB a token for
    /// the 12b, features apart); beyond some hundreds there is little left to gain.
    /// </summary>
    public int BatchTokens { get; init; } = 1024;
}
