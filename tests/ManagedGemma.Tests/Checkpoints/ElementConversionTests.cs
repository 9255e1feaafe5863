using System.Buffers.Binary;
using FsCheck.Xunit;
using ManagedGemma.Checkpoints;

namespace ManagedGemma.Tests.Checkpoints;

public sealed class ElementConversionTests
{
    private static readonly float[] Special =
    [
        0f, -0f, 1f, -1f, float.NaN, -float.NaN, float.PositiveInfinity, float.NegativeInfinity, float.MaxValue, float.MinValue,
        float.Epsilon, -float.Epsilon, 65504f, 65520f, 65519.996f, 5.9604645E-08f, 2.9802322E-08f, 6.1035156E-05f, 1.00390625f, 1.01171875f,
        BitConverter.UInt32BitsToSingle(0x7F800001), BitConverter.UInt32BitsToSingle(0xFFFFFFFF), BitConverter.UInt32BitsToSingle(0x3F808000),
        BitConverter.UInt32BitsToSingle(0x3F818000), BitConverter.UInt32BitsToSingle(0x3F808001), BitConverter.UInt32BitsToSingle(0x3F807FFF),
    ];

    [Property(MaxTest = 300)]
    public void Vector_and_scalar_conversion_agree_on_any_bits(uint[] bits, byte offset)
    {
        float[] values = [.. Special, .. bits.Select(BitConverter.UInt32BitsToSingle)];
        CheckAll(values.AsSpan(offset % Special.Length));
    }

    [Fact]
    public void Every_length_up_to_130_is_converted_to_its_end()
    {
        Random random = new(1);
        for (int length = 0; length <= 130; length++)
        {
            float[] values = new float[length];
            for (int i = 0; i < length; i++)
            {
                values[i] = BitConverter.UInt32BitsToSingle((uint)random.NextInt64(1L << 32));
            }

            CheckAll(values);
        }
    }

    [Fact]
    public void Every_bf16_and_f16_value_survives_the_round_trip()
    {
        byte[] all = new byte[1 << 17];
        for (int i = 0; i < 1 << 16; i++)
        {
            BinaryPrimitives.WriteUInt16LittleEndian(all.AsSpan(2 * i), (ushort)i);
        }

        float[] values = new float[1 << 16];
        byte[] back = new byte[1 << 17];
        foreach (ElementType type in (ElementType[])[ElementType.BF16, ElementType.F16])
        {
            ElementConversion.ToSingles(all, type, values);
            ElementConversion.FromSingles(values, type, back);
            for (int i = 0; i < 1 << 16; i++)
            {
                if (!float.IsNaN(values[i]))
                {
                    Assert.Equal(i, BinaryPrimitives.ReadUInt16LittleEndian(back.AsSpan(2 * i)));
                }
            }
        }
    }

    [Fact]
    public void Ties_go_to_even_and_nan_stays_nan()
    {
        Assert.Equal(0x3F80, ElementConversion.ToBFloat16(BitConverter.UInt32BitsToSingle(0x3F808000)));
        Assert.Equal(0x3F82, ElementConversion.ToBFloat16(BitConverter.UInt32BitsToSingle(0x3F818000)));
        Assert.Equal(0x7F80, ElementConversion.ToBFloat16(float.MaxValue));
        Assert.Equal(0x7FC0, ElementConversion.ToBFloat16(BitConverter.UInt32BitsToSingle(0x7F800001)));
    }

    [Fact]
    public void Lengths_that_do_not_fit_and_other_types_are_refused()
    {
        Assert.Throws<ArgumentException>(() => ElementConversion.FromSingles(new float[2], ElementType.BF16, new byte[5]));
        Assert.Throws<ArgumentException>(() => ElementConversion.ToSingles(new byte[5], ElementType.BF16, new float[2]));
        Assert.Throws<ArgumentOutOfRangeException>(() => ElementConversion.FromSingles(new float[1], ElementType.I32, new byte[4]));
    }

    private static void CheckAll(ReadOnlySpan<float> values)
    {
        byte[] bf16 = new byte[(values.Length * 2) + 1];
        byte[] f16 = new byte[(values.Length * 2) + 1];
        byte[] f32 = new byte[(values.Length * 4) + 1];
        // Odd addresses: files give no alignment.
        ElementConversion.FromSingles(values, ElementType.BF16, bf16.AsSpan(1));
        ElementConversion.FromSingles(values, ElementType.F16, f16.AsSpan(1));
        ElementConversion.FromSingles(values, ElementType.F32, f32.AsSpan(1));
        for (int i = 0; i < values.Length; i++)
        {
            Assert.Equal(ElementConversion.ToBFloat16(values[i]), BinaryPrimitives.ReadUInt16LittleEndian(bf16.AsSpan(1 + (2 * i))));
            Half half = BinaryPrimitives.ReadHalfLittleEndian(f16.AsSpan(1 + (2 * i)));
            Assert.True(float.IsNaN(values[i]) ? Half.IsNaN(half) : BitConverter.HalfToUInt16Bits(half) == BitConverter.HalfToUInt16Bits((Half)values[i]));
            Assert.Equal(BitConverter.SingleToUInt32Bits(values[i]), BinaryPrimitives.ReadUInt32LittleEndian(f32.AsSpan(1 + (4 * i))));
        }

        float[] back = new float[values.Length];
        ElementConversion.ToSingles(bf16.AsSpan(1), ElementType.BF16, back);
        for (int i = 0; i < values.Length; i++)
        {
            Assert.Equal((uint)ElementConversion.ToBFloat16(values[i]) << 16, BitConverter.SingleToUInt32Bits(back[i]));
        }
    }
}
