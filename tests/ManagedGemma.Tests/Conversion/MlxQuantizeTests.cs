using System.Globalization;
using System.Runtime.InteropServices;
using ManagedGemma.Checkpoints;
using ManagedGemma.Conversion;
using ManagedGemma.Tests.Support;

namespace ManagedGemma.Tests.Conversion;

/// <summary>mx.quantize's words, scales and biases, bit for bit, for every mode, width, group and type.</summary>
public sealed class MlxQuantizeTests
{
    private static readonly string Fixture = Path.Combine(TestFiles.Fixtures, "quantize", "mlx.safetensors");

    public static TheoryData<string> Cases()
    {
        using SafetensorsFile file = SafetensorsFile.Open(Fixture);
        return [.. file.Tensors.Select(x => x.Name).Where(x => x.EndsWith(".weight", StringComparison.Ordinal)).Select(x => x[..^".weight".Length])];
    }

    [Fact]
    public void The_fixture_holds_every_scheme() => Assert.Equal(18 + 6 + 6 + (3 * 3), Cases().Count);

    [Theory]
    [MemberData(nameof(Cases))]
    public void Rows_are_packed_as_mlx_packs_them(string name)
    {
        string[] parts = name.Split('-');
        ElementType type = parts[3] switch { "bf16" => ElementType.BF16, "f16" => ElementType.F16, _ => ElementType.F32 };
        QuantizationScheme scheme = new(
            QuantizationScheme.ModeNamed(parts[0])!.Value,
            int.Parse(parts[1].AsSpan(1), CultureInfo.InvariantCulture),
            int.Parse(parts[2].AsSpan(1), CultureInfo.InvariantCulture));
        using SafetensorsFile file = SafetensorsFile.Open(Fixture);
        float[] values = Values(file.Tensor("input_" + parts[3]), type);
        IRowQuantizer quantizer = RowQuantizer.For(scheme, type);
        const int Columns = 256;
        int rows = values.Length / Columns, groups = Columns / scheme.GroupSize;
        byte[] words = new byte[rows * Columns * scheme.Bits / 8];
        byte[] scales = new byte[rows * groups * quantizer.ScaleBytes];
        byte[] biases = new byte[quantizer.HasBiases ? scales.Length : 0];
        for (int row = 0; row < rows; row++)
        {
            Assert.Equal(-1, quantizer.Quantize(values.AsSpan(row * Columns, Columns), Row(words, row, rows), Row(scales, row, rows), Row(biases, row, rows)));
        }

        Assert.Equal(Bytes(file.Tensor(name + ".scales")), scales);
        if (quantizer.HasBiases)
        {
            Assert.Equal(Bytes(file.Tensor(name + ".biases")), biases);
        }

        Assert.Equal(Bytes(file.Tensor(name + ".weight")), words);
    }

    private static Span<byte> Row(byte[] bytes, int row, int rows) => bytes.AsSpan(row * (bytes.Length / rows), bytes.Length / rows);

    private static byte[] Bytes(TensorView tensor)
    {
        byte[] bytes = new byte[tensor.ByteLength];
        tensor.CopyTo(0, bytes);
        return bytes;
    }

    /// <summary>The fixture has BF16 as its bits in U16.</summary>
    private static float[] Values(TensorView tensor, ElementType type)
    {
        float[] values = new float[tensor.ElementCount];
        ElementConversion.ToSingles(Bytes(tensor), type, values);
        return values;
    }
}
