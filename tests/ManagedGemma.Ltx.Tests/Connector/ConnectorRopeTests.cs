using ManagedGemma.Ltx.Connector;
using ManagedGemma.Ltx.Tests.Support;
using ManagedGemma.Tests.Support;

namespace ManagedGemma.Ltx.Tests.Connector;

public class ConnectorRopeTests
{
    [Theory]
    [InlineData(2048)]
    [InlineData(3840)]
    [InlineData(4096)]
    public void Frequencies_are_the_originals_to_the_bit(int width)
    {
        using Golden golden = new(LtxFixture.File("v23", "rope"));
        Assert.Equal(golden.Floats($"freqs_dim_{width}"), ConnectorRope.Frequencies(width, inDouble: true));
    }

    // Powers of float32 exponents: a rounding of the exponent costs up to ln(10000) · 2^-24 of a frequency, those after it 2^-23 more.
    [Theory]
    [InlineData(2)]
    [InlineData(64)]
    [InlineData(4096)]
    public void Frequencies_in_single_precision_are_close_to_those_in_double(int width)
    {
        float[] single = ConnectorRope.Frequencies(width, inDouble: false), twice = ConnectorRope.Frequencies(width, inDouble: true);
        for (int i = 0; i < single.Length; i++)
        {
            Assert.InRange(single[i] / (double)twice[i], 1 - 1e-6, 1 + 1e-6);
        }

        Assert.True(width < 4096 || !single.AsSpan().SequenceEqual(twice), "the two precisions cannot agree everywhere");
    }

    // Tables are [head][position][pair]; torch's cosine is within an ulp, ours is rounded from double.
    [Theory]
    [InlineData("video", 4)]
    [InlineData("audio", 2)]
    public void Angles_are_the_originals(string modality, int heads)
    {
        const int Positions = 256, Pairs = 16;
        using Golden golden = new(LtxFixture.File("v23", "rope"));
        float[] expectedCos = golden.Floats(modality + "_cos"), expectedSin = golden.Floats(modality + "_sin");
        float[] frequencies = ConnectorRope.Frequencies(heads * Pairs * 2, inDouble: true);
        float[] cos = new float[frequencies.Length], sin = new float[frequencies.Length];
        for (int position = 0; position < Positions; position++)
        {
            ConnectorRope.Angles(frequencies, ConnectorRope.Fraction(position, 4096), cos, sin);
            for (int i = 0; i < cos.Length; i++)
            {
                int at = (((i / Pairs * Positions) + position) * Pairs) + (i % Pairs);
                Assert.InRange(cos[i] - expectedCos[at], -1.2e-7, 1.2e-7);
                Assert.InRange(sin[i] - expectedSin[at], -1.2e-7, 1.2e-7);
            }
        }
    }
}
