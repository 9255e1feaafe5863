using ManagedGemma.Model;

namespace ManagedGemma.Cli.Options;

/// <summary><c>--precision</c>.</summary>
internal static class PrecisionOption
{
    /// <summary>Makes the option.</summary>
    public static ChoiceOption<Precision> Create() => new(
        "--precision",
        "Of matrix products: precise errs by about 1e-4, fast by 1e-2 in half the time, float32 is the yardstick.",
        ("precise", Precision.Precise),
        ("fast", Precision.Fast),
        ("float32", Precision.Float32));
}
