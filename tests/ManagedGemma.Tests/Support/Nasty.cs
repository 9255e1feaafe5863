using ManagedGemma.Kernels;

namespace ManagedGemma.Tests.Support;

/// <summary>Values and memory that find errors in kernels: what a seed makes is the same on every machine.</summary>
internal static class Nasty
{
    /// <summary>The tables that this machine can run, the scalar reference first.</summary>
    public static IReadOnlyList<KernelTable> Tables { get; } =
        [.. Enum.GetValues<InstructionSet>().Where(InstructionSets.IsAccelerated).Select(KernelTable.UpTo)];

    /// <summary>Floats in −1..1 with rows of other magnitudes, zeros and subnormals among them.</summary>
    public static float[] Floats(int seed, int count)
    {
        Random random = new(seed);
        float[] values = new float[count];
        float magnitude = 1;
        for (int i = 0; i < count; i++)
        {
            if (i % 37 == 0)
            {
                magnitude = random.Next(8) switch { 0 => 0, 1 => 1e-42f, 2 => 1e4f, 3 => 1e-6f, _ => 1 };
            }

            values[i] = ((2 * random.NextSingle()) - 1) * magnitude;
        }

        return values;
    }

    /// <summary>Plain floats in −1..1.</summary>
    public static float[] Uniform(int seed, int count)
    {
        Random random = new(seed);
        float[] values = new float[count];
        foreach (ref float value in values.AsSpan())
        {
            value = (2 * random.NextSingle()) - 1;
        }

        return values;
    }

    /// <summary>
    /// Whether a chain of multiply-adds is the reference's: the bits where the processor fuses. Where it does not, the reference rounds each of
    /// its sums and the portable kernels each product besides, so both together are off by 3 · 2⁻²⁴ of the magnitudes a product, and by the
    /// least subnormal where a product underflows; magnitudes beyond float's range may overflow in either.
    /// </summary>
    /// <param name="reference">The reference's value.</param>
    /// <param name="value">The kernel's value.</param>
    /// <param name="roundings">Products and other sums of the longest chain.</param>
    /// <param name="magnitude">The sum of the magnitudes of all that is added.</param>
    public static bool SameChain(float reference, float value, int roundings, Func<double> magnitude)
    {
        if (InstructionSets.FusesMultiplyAdd || Bits([reference])[0] == Bits([value])[0])
        {
            return Bits([reference])[0] == Bits([value])[0];
        }

        double added = magnitude();
        return Math.Abs((double)reference - value) <= roundings * ((3 * Math.Pow(2, -24) * added) + float.Epsilon)
            || (added >= float.MaxValue && !(float.IsFinite(reference) && float.IsFinite(value)));
    }

    /// <summary>The bits, to compare exactly (NaN equal to itself).</summary>
    public static int[] Bits(ReadOnlySpan<float> values)
    {
        int[] bits = new int[values.Length];
        for (int i = 0; i < bits.Length; i++)
        {
            bits[i] = float.IsNaN(values[i]) ? int.MinValue + 1 : BitConverter.SingleToInt32Bits(values[i]);
        }

        return bits;
    }
}
