using ManagedGemma.Checkpoints;
using ManagedGemma.Model;
using ManagedGemma.Tokenization;

namespace ManagedGemma.Conditioning;

/// <summary>What a profile means, in one place.</summary>
public static class ProfileRules
{
    /// <summary>The decoder's rules.</summary>
    /// <param name="profile">The profile.</param>
    public static DecoderRules Decoder(this Profile profile) =>
        profile == Profile.Car ? DecoderRules.CarInference : DecoderRules.Original;

    /// <summary>The text that is tokenised: LTX strips it as Python does.</summary>
    /// <param name="profile">The profile.</param>
    /// <param name="text">The prompt as it came.</param>
    public static ReadOnlySpan<char> Prompt(this Profile profile, ReadOnlySpan<char> text) =>
        profile == Profile.Car ? text : PromptText.Strip(text);

    /// <summary>The eps of per-token RMS features.</summary>
    internal static float FeatureEpsilon(this Profile profile, GemmaConfig config) =>
        profile == Profile.Car ? (float)config.RmsNormEps : 1e-6f;
}
