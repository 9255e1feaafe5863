using ManagedGemma.Conditioning;
using ManagedGemma.Model;

namespace ManagedGemma.Ltx;

/// <summary>How a prompt is conditioned.</summary>
public sealed record LtxOptions
{
    /// <summary>The greatest <see cref="Length"/>.</summary>
    public const int MostLength = 1 << 15;

    /// <summary>Whose decoder and prompt rules.</summary>
    public Profile Profile { get; init; } = Profile.Ltx;

    /// <summary>The precision of the decoder's matrix products; projection and connectors are float32.</summary>
    public Precision Precision { get; init; } = Precision.Precise;

    /// <summary>T: tokens kept of a prompt, BOS included, and slots of a context. A multiple of 128; LTX's pipelines take 1024.</summary>
    public int Length { get; init; } = EncodeOptions.DefaultMaxLength;

    /// <summary>
    /// Tokens of a pass over several prompts, at most, unless one prompt alone has more. A pass also ends where the projection's memory
    /// does (<see cref="LtxTextConditioner.CanShare"/>): at 278 tokens of the 12b, unless a prompt alone has more.
    /// </summary>
    public int BatchTokens { get; init; } = 1024;

    /// <summary>What the encoder is told.</summary>
    internal EncodeOptions ForEncoder() => new() { Profile = Profile, Precision = Precision, MaxLength = Length };

    /// <summary>Refuses a length that registers cannot fill.</summary>
    internal static void RequireLength(int length)
    {
        if (length < LtxConfig.RegisterCount || length > MostLength || length % LtxConfig.RegisterCount != 0)
        {
            throw new GemmaException(
                "not a length that the connectors take",
                subject: "length",
                expected: $"a multiple of {LtxConfig.RegisterCount}, the number of learnable registers, up to {MostLength}",
                found: $"{length}");
        }
    }
}
