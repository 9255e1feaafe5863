using ManagedGemma.Conversion;

namespace ManagedGemma.Tests.Conversion;

/// <summary>The formats of a few bits against their definitions: every code, and every place where the code changes.</summary>
public sealed class FloatCodeTests
{
    [Fact]
    public void Every_code_of_E4M3_is_its_own_nearest()
    {
        for (int code = 0; code < 256; code++)
        {
            double value = MlxReference.ValueOfE4M3(code);
            if (!double.IsNaN(value))
            {
                Assert.Equal(code, E4M3.Encode((float)value));
            }
        }

        for (int code = 0; code < 0x7F; code++)
        {
            Assert.Equal(MlxReference.ValueOfE4M3(code), E4M3.Decode((byte)code));
        }
    }

    [Fact]
    public void Between_two_codes_of_E4M3_the_nearer_one_is_taken_and_the_even_one_of_equals()
    {
        for (int code = 0; code < 0x7E; code++)
        {
            float middle = (float)((MlxReference.ValueOfE4M3(code) + MlxReference.ValueOfE4M3(code + 1)) / 2);
            Assert.Equal(code, E4M3.Encode(MathF.BitDecrement(middle)));
            Assert.Equal(code + (code & 1), E4M3.Encode(middle));
            Assert.Equal(code + 1, E4M3.Encode(MathF.BitIncrement(middle)));
        }
    }

    [Theory]
    [InlineData(448f, 0x7E)]
    [InlineData(447.99997f, 0x7E)]
    [InlineData(1e30f, 0x7E)]
    [InlineData(-1e30f, 0xFE)]
    [InlineData(-0f, 0x80)]
    [InlineData(1e-45f, 0)]
    public void E4M3_stops_at_its_largest(float value, int code) => Assert.Equal(code, E4M3.Encode(value));

    [Fact]
    public void E2M1_takes_the_nearer_value_and_of_equals_the_smaller_one()
    {
        float[] values = [0, 0.5f, 1, 1.5f, 2, 3, 4, 6];
        for (int code = 0; code < 8; code++)
        {
            Assert.Equal(code, E2M1.Encode(values[code]));
            Assert.Equal(code == 0 ? 0 : code | 8, E2M1.Encode(-values[code]));
            if (code < 7)
            {
                float middle = (values[code] + values[code + 1]) / 2;
                Assert.Equal(code, E2M1.Encode(middle));
                Assert.Equal(code + 1, E2M1.Encode(MathF.BitIncrement(middle)));
                Assert.Equal((code + 1) | 8, E2M1.Encode(-MathF.BitIncrement(middle)));
            }
        }

        Assert.Equal(7, E2M1.Encode(1e30f));
    }

    [Fact]
    public void E8M0_takes_the_power_that_is_not_smaller()
    {
        Assert.Equal(127, E8M0.Encode(0));
        Assert.Equal(1, E8M0.Encode(1e-45f));
        for (int exponent = -126; exponent <= 126; exponent++)
        {
            float power = MathF.ScaleB(1, exponent);
            Assert.Equal(exponent + 127, E8M0.Encode(power));
            Assert.Equal(exponent + 128, E8M0.Encode(MathF.BitIncrement(power)));
            Assert.Equal(power, E8M0.Decode((byte)(exponent + 127)));
        }
    }

    [Fact]
    public void Codes_lie_one_after_the_other_lowest_bit_first()
    {
        foreach (int bits in new[] { 2, 3, 4, 5, 6, 8 })
        {
            byte[] codes = [.. Enumerable.Range(0, 32).Select(i => (byte)((i * 37) & ((1 << bits) - 1)))];
            byte[] packed = new byte[codes.Length * bits / 8];
            CodePacking.Pack(codes, bits, packed);
            for (int i = 0; i < codes.Length * bits; i++)
            {
                Assert.Equal((codes[i / bits] >> (i % bits)) & 1, (packed[i / 8] >> (i % 8)) & 1);
            }
        }
    }
}
