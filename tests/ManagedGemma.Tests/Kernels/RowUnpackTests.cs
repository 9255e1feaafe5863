using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;
using ManagedGemma.Checkpoints;
using ManagedGemma.Kernels;
using ManagedGemma.Kernels.RowUnpack;
using ManagedGemma.Tests.Support;

namespace ManagedGemma.Tests.Kernels;

/// <summary>MLX's rows to float32: every format and instruction set, bit for bit as MLX and as the definition.</summary>
public unsafe class RowUnpackTests
{
    private static readonly int[] Bits = [2, 3, 4, 5, 6, 8];

    private static readonly MlxFormat[] Formats =
    [
        .. from bits in Bits
           from groupSize in new[] { 32, 64, 128 }
           from type in new[] { ElementType.BF16, ElementType.F16, ElementType.F32 }
           select new MlxFormat(QuantizationMode.Affine, bits, groupSize, type),
        new(QuantizationMode.MxFp4, 4, 32, ElementType.U8),
        new(QuantizationMode.MxFp8, 8, 32, ElementType.U8),
        new(QuantizationMode.NvFp4, 4, 16, ElementType.U8),
    ];

    public static TheoryData<string> MlxArrays()
    {
        using Golden golden = MlxGolden();
        return [.. golden.Names.Where(name => name.EndsWith(Dequantised, StringComparison.Ordinal)).Select(name => name[..^Dequantised.Length])];
    }

    private const string Dequantised = ".dequantised";

    [Theory]
    [MemberData(nameof(MlxArrays))]
    public void Values_are_those_of_mlx_bit_for_bit(string name)
    {
        using Golden golden = MlxGolden();
        string[] parts = name.Split('-');
        QuantizationMode mode = QuantizationScheme.ModeNamed(parts[0])!.Value;
        ElementType type = mode == QuantizationMode.Affine ? Enum.Parse<ElementType>(parts[3], ignoreCase: true) : ElementType.U8;
        MlxFormat format = new(mode, int.Parse(parts[1][1..], null), int.Parse(parts[2][1..], null), type);
        float[] expected = golden.Floats(name + Dequantised);
        byte[] values = golden.Bytes(name + ".weight"), scales = golden.Bytes(name + ".scales");
        byte[] biases = mode == QuantizationMode.Affine ? golden.Bytes(name + ".biases") : [];
        const int Rows = 10, Columns = 256;
        Assert.Equal(Rows * Columns, expected.Length);
        foreach (KernelTable table in Nasty.Tables)
        {
            for (int row = 0; row < Rows; row++)
            {
                Sample sample = new(format, Columns, RowOf(values, row), RowOf(scales, row), RowOf(biases, row));
                Assert.Equal(Nasty.Bits(expected.AsSpan(row * Columns, Columns)), Nasty.Bits(Unpack(table, sample, 0, Columns)));
            }
        }

        static byte[] RowOf(byte[] all, int row) => all[(row * all.Length / Rows)..((row + 1) * all.Length / Rows)];
    }

    [Property(MaxTest = 400)]
    public Property Every_instruction_set_gives_the_bits_of_the_definition() => Prop.ForAll(
        (from seed in Gen.Choose(0, int.MaxValue - 1)
         from format in Gen.Elements(Formats)
         from groups in Gen.OneOf(Gen.Choose(1, 12), Gen.Choose(13, 90))
         from start in Gen.Choose(0, 3)
         select (seed, format, groups, start)).ToArbitrary(),
        c =>
        {
            Sample sample = Random(c.seed, c.format, c.groups * c.format.GroupSize);
            int first = c.start * IRowUnpack.ColumnMultiple;
            if (first >= sample.Columns)
            {
                first = 0;
            }

            int count = sample.Columns - first;
            int[] expected = Nasty.Bits([.. Enumerable.Range(first, count).Select(column => Define(sample, column))]);
            return Nasty.Tables.All(table => expected.AsSpan().SequenceEqual(Nasty.Bits(Unpack(table, sample, first, count))));
        });

    [Fact]
    public void Every_code_of_the_small_floats_has_its_value()
    {
        foreach (KernelTable table in Nasty.Tables)
        {
            byte[] codes = [.. Enumerable.Range(0, 256).Select(code => (byte)code)];
            foreach (byte scale in new byte[] { 127, 0, 1, 126, 130, 254 })
            {
                Sample sample = new(new MlxFormat(QuantizationMode.MxFp8, 8, 32, ElementType.U8), 256, codes, [.. Enumerable.Repeat(scale, 8)], []);
                Assert.Equal(Nasty.Bits([.. codes.Select(code => (float)(E4M3(code) * Math.Pow(2, scale - 127)))]), Nasty.Bits(Unpack(table, sample, 0, 256)));
            }

            byte[] nibbles = [.. Enumerable.Range(0, 8).Select(i => (byte)((2 * i) | (((2 * i) + 1) << 4)))];
            for (int scale = 0; scale < 256; scale++)
            {
                Sample nv = new(new MlxFormat(QuantizationMode.NvFp4, 4, 16, ElementType.U8), 16, nibbles, [(byte)scale], []);
                Assert.Equal(Nasty.Bits([.. Enumerable.Range(0, 16).Select(code => (float)(E2M1(code) * E4M3(scale)))]), Nasty.Bits(Unpack(table, nv, 0, 16)));
                Sample mx = new(new MlxFormat(QuantizationMode.MxFp4, 4, 32, ElementType.U8), 32, [.. nibbles, .. nibbles], [(byte)scale], []);
                double power = scale == 255 ? double.NaN : Math.Pow(2, scale - 127);
                Assert.Equal(Nasty.Bits([.. Enumerable.Range(0, 32).Select(code => (float)(E2M1(code % 16) * power))]), Nasty.Bits(Unpack(table, mx, 0, 32)));
            }
        }
    }

    private static Golden MlxGolden() => new(Path.Combine(TestFiles.Fixtures, "quantize", "mlx.safetensors"));

    private static float[] Unpack(KernelTable table, Sample sample, int first, int count)
    {
        // The row ends where memory ends, and one float more than is asked for must stay as it is.
        using GuardedMemory values = new(sample.Values), scales = new(sample.Scales), biases = new(sample.Biases);
        float[] result = new float[count + 1];
        result[count] = 12345;
        new MlxRowUnpack(sample.Format, table.MlxUnpack).Unpack(new PackedRow(values.Pointer, scales.Pointer, biases.Pointer), first, result.AsSpan(0, count));
        Assert.Equal(12345, result[count]);
        return result[..count];
    }

    private static Sample Random(int seed, MlxFormat format, int columns)
    {
        Random random = new(seed);
        int groups = columns / format.GroupSize, size = format.ScaleType.ByteSize();
        byte[] values = new byte[columns * format.Bits / 8], scales = new byte[groups * size];
        byte[] biases = new byte[format.Mode == QuantizationMode.Affine ? groups * size : 0];
        random.NextBytes(values);
        random.NextBytes(scales);
        random.NextBytes(biases);
        if (format.Mode == QuantizationMode.Affine && seed % 3 != 0)
        {
            // Plain scales mostly: random bits are seldom of one size.
            foreach (byte[] parts in new[] { scales, biases })
            {
                float[] plain = [.. Enumerable.Range(0, groups).Select(_ => random.Next(9) switch
                {
                    0 => float.NaN,
                    1 => float.PositiveInfinity,
                    2 => 0,
                    3 => -0f,
                    _ => random.NextSingle() - 0.5f,
                })];
                ElementConversion.FromSingles(plain, format.ScaleType, parts);
            }
        }

        return new Sample(format, columns, values, scales, biases);
    }

    // Straight from the format's description, bit by bit.
    private static float Define(Sample sample, int column)
    {
        MlxFormat format = sample.Format;
        int code = 0;
        for (int i = 0; i < format.Bits; i++)
        {
            int bit = (column * format.Bits) + i;
            code |= ((sample.Values[bit / 8] >> (bit % 8)) & 1) << i;
        }

        int group = column / format.GroupSize;
        return format.Mode switch
        {
            QuantizationMode.Affine => (Float(sample.Scales, group, format.ScaleType) * code) + Float(sample.Biases, group, format.ScaleType),
            QuantizationMode.NvFp4 => (float)(E2M1(code) * E4M3(sample.Scales[group])),
            _ => (float)((format.Bits == 4 ? E2M1(code) : E4M3(code)) * (sample.Scales[group] == 255 ? double.NaN : Math.Pow(2, sample.Scales[group] - 127))),
        };
    }

    private static float Float(byte[] bytes, int index, ElementType type) => type switch
    {
        ElementType.BF16 => BitConverter.Int32BitsToSingle(BitConverter.ToUInt16(bytes, index * 2) << 16),
        ElementType.F16 => (float)BitConverter.ToHalf(bytes, index * 2),
        _ => BitConverter.ToSingle(bytes, index * 4),
    };

    private static double E2M1(int code) => Small(code, exponentBits: 2, mantissaBits: 1, bias: 1);

    private static double E4M3(int code) => (code & 127) == 127 ? double.NaN : Small(code, exponentBits: 4, mantissaBits: 3, bias: 7);

    private static double Small(int code, int exponentBits, int mantissaBits, int bias)
    {
        int exponent = (code >> mantissaBits) & ((1 << exponentBits) - 1);
        double mantissa = (code & ((1 << mantissaBits) - 1)) / (double)(1 << mantissaBits);
        double magnitude = exponent == 0 ? mantissa * Math.Pow(2, 1 - bias) : (1 + mantissa) * Math.Pow(2, exponent - bias);
        return (code >> (exponentBits + mantissaBits)) == 0 ? magnitude : -magnitude;
    }

    private sealed record Sample(MlxFormat Format, int Columns, byte[] Values, byte[] Scales, byte[] Biases);
}
