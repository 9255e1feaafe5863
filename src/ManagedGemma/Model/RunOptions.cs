namespace ManagedGemma.Model;

/// <summary>How one forward pass computes.</summary>
public sealed record RunOptions
{
    /// <summary>The precision of matrix products.</summary>
    public Precision Precision { get; init; } = Precision.Precise;

    /// <summary>The decoder's rules.</summary>
    public DecoderRules Rules { get; init; } = DecoderRules.Original;
}
