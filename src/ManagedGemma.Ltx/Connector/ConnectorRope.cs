namespace ManagedGemma.Ltx.Connector;

/// <summary>
/// The rotary embedding of a connector: split halves, each head with frequencies of its own. Frequencies and angles are float32 as in
/// the original (Lightricks' LTX-2, <c>rope.py</c>), which a model trained on: at the highest frequency a true angle differs by up to 0.0009.
/// </summary>
internal static class ConnectorRope
{
    private const double Theta = 10000;

    /// <summary>[width / 2]: theta^linspace(0, 1)·π/2.</summary>
    /// <param name="width">heads · head dim.</param>
    /// <param name="inDouble">
    /// Whether the powers are computed in double and rounded once. Else they are computed as torch does in float32: its linspace, whose
    /// second half counts from the end, its power (here correctly rounded, there within an ulp), and a rounding after the product with π.
    /// </param>
    public static float[] Frequencies(int width, bool inDouble)
    {
        float[] frequencies = new float[width / 2];
        for (int i = 0; i < frequencies.Length; i++)
        {
            frequencies[i] = inDouble
                ? (float)(Math.Pow(Theta, Place(i, frequencies.Length)) * Math.PI / 2)
                : (float)((float)Math.Pow(Theta, PlaceInSingle(i, frequencies.Length)) * Math.PI) / 2;
        }

        return frequencies;
    }

    /// <summary>Where a position lies in −1 … 1, as float32.</summary>
    public static float Fraction(int position, float maxPosition) => (position / maxPosition * 2) - 1;

    /// <summary>Cosines and sines of a position's angles, which are rounded to float32 themselves.</summary>
    public static void Angles(ReadOnlySpan<float> frequencies, float fraction, Span<float> cos, Span<float> sin)
    {
        for (int i = 0; i < frequencies.Length; i++)
        {
            (double s, double c) = Math.SinCos(frequencies[i] * fraction);
            cos[i] = (float)c;
            sin[i] = (float)s;
        }
    }

    private static double Place(int i, int count) => count == 1 ? 0 : i == count - 1 ? 1 : i * (1.0 / (count - 1));

    private static float PlaceInSingle(int i, int count)
    {
        if (count == 1)
        {
            return 0;
        }

        float step = 1f / (count - 1);
        return i < count / 2 ? step * i : 1 - (step * (count - i - 1));
    }
}
