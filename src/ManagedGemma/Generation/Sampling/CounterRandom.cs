namespace ManagedGemma.Generation.Sampling;

/// <summary>
/// Numbers from a counter: number i of a seed is SplitMix64's output i (Steele, Lea and Flood 2014) begun at the seed's own hash. There is
/// no state, so the draw of a place in a text is the same whatever was drawn before it.
/// </summary>
internal static class CounterRandom
{
    private const ulong Step = 0x9E3779B97F4A7C15;

    /// <summary>A number in [0, 1): 53 bits.</summary>
    public static double Unit(long seed, int index) =>
        (Mix(Mix((ulong)seed + Step) + (((ulong)(uint)index + 1) * Step)) >> 11) * (1.0 / (1L << 53));

    private static ulong Mix(ulong z)
    {
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}
