using ManagedGemma.Conditioning;

namespace ManagedGemma.Cli.Options;

/// <summary><c>--profile</c>.</summary>
internal static class ProfileOption
{
    /// <summary>Makes the option.</summary>
    public static ChoiceOption<Profile> Create() => new(
        "--profile", "Whose conditioning: LTX's own, or car-inference 0.14.0's.", ("ltx", Profile.Ltx), ("car", Profile.Car));
}
