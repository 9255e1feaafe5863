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
