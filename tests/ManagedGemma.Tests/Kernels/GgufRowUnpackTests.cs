using ManagedGemma.Checkpoints;
using ManagedGemma.Checkpoints.Gguf;
using ManagedGemma.Kernels.RowUnpack;
using ManagedGemma.Kernels.RowUnpack.Gguf;
using ManagedGemma.Tests.Support;

namespace ManagedGemma.Tests.Kernels;

/// <summary>Random blocks of every kind against ggml's Python package, bit for bit.</summary>
public sealed unsafe class GgufRowUnpackTests : IDisposable
{
    private readonly SafetensorsFile _golden = SafetensorsFile.Open(Path.Combine(TestFiles.Fixtures, "quantize", "gguf.safetensors"));

    public static TheoryData<GgufType> Types => [.. Enum.GetValues<GgufType>().Where(x => x.ToElementType() is null)];

    public void Dispose() => _golden.Dispose();

    [Theory]
    [MemberData(nameof(Types))]
    public void Blocks_have_the_bits_of_the_golden(GgufType type)
    {
        byte[] raw = Raw(type);
        float[] expected = _golden.Tensor($"{type}.values").ToSingles();
        float[] actual = new float[expected.Length];
        fixed (byte* values = raw)
        {
            GgufRowUnpack.For(type).Unpack(new PackedRow(values, null, null), 0, actual);
        }

        Assert.Equal(expected.Select(BitConverter.SingleToUInt32Bits), actual.Select(BitConverter.SingleToUInt32Bits));
    }

    [Theory]
    [MemberData(nameof(Types))]
    public void A_part_of_a_row_begins_where_it_should_at_any_address(GgufType type)
    {
        byte[] raw = [0xFF, .. Raw(type)];
        float[] all = _golden.Tensor($"{type}.values").ToSingles();
        for (int first = 0; first < all.Length; first += IRowUnpack.ColumnMultiple)
        {
            float[] part = new float[Math.Min(type.BlockLength(), all.Length - first)];
            fixed (byte* values = raw)
            {
                GgufRowUnpack.For(type).Unpack(new PackedRow(values + 1, null, null), first, part);
            }

            Assert.Equal(all[first..(first + part.Length)], part);
        }
    }

    [Theory]
    [MemberData(nameof(Types))]
    public void Block_sizes_are_those_of_the_golden(GgufType type)
    {
        Assert.Equal([16L, type.BlockBytes()], _golden.Tensor($"{type}.raw").Shape);
        Assert.Equal([16L, type.BlockLength()], _golden.Tensor($"{type}.values").Shape);
        Assert.Equal(0, IRowUnpack.ColumnMultiple % type.BlockLength());
    }

    [Fact]
    public void Every_type_of_the_golden_is_read() =>
        Assert.Equal(
            _golden.Tensors.Select(x => x.Name.Split('.')[0]).Distinct().Order(),
            Enum.GetValues<GgufType>().Where(x => x.ToElementType() is null).Select(x => x.ToString()).Order());

    private byte[] Raw(GgufType type)
    {
        byte[] raw = new byte[_golden.Tensor($"{type}.raw").ByteLength];
        _golden.Tensor($"{type}.raw").CopyTo(0, raw);
        return raw;
    }
}
