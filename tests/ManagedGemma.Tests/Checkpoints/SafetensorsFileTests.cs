using System.Buffers.Binary;
using System.Text;
using ManagedGemma.Checkpoints;

namespace ManagedGemma.Tests.Checkpoints;

public sealed class SafetensorsFileTests
{
    public static TheoryData<string> MustFail => BadCase.Files("safetensors", "fail");

    public static TheoryData<string> MustLoad => BadCase.Files("safetensors", "load");

    [Theory]
    [MemberData(nameof(MustFail))]
    public void A_hostile_file_is_refused_with_a_message_that_names_it(string file)
    {
        BadCase one = BadCase.Named(file);
        GemmaException exception = Assert.Throws<GemmaException>(() => SafetensorsFile.Open(one.FullPath));
        Assert.StartsWith(one.FullPath + ": ", exception.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', exception.Message);
    }

    [Theory]
    [InlineData("empty-file", "too short for a safetensors header")]
    [InlineData("seven-bytes", "too short for a safetensors header")]
    [InlineData("header-beyond-file", "the header runs past the end of the file")]
    [InlineData("header-2-63", "the header length is impossible")]
    [InlineData("header-zero", "the header is not JSON")]
    [InlineData("header-not-json", "the header is not JSON")]
    [InlineData("header-array", "the header is not an object")]
    [InlineData("header-null-entry", "a: the entry is not an object")]
    [InlineData("header-deep", "is not an object")]
    [InlineData("duplicate-name", "a: duplicate tensor name")]
    [InlineData("offsets-overlap", "b: the offsets overlap another tensor")]
    [InlineData("offsets-gap", "b: the offsets leave a gap")]
    [InlineData("offsets-past-end", "a: the data runs past the end of the file (truncated download?)")]
    [InlineData("offsets-end-before-begin", "a: the offsets are reversed")]
    [InlineData("offsets-negative", "a: the offsets are negative")]
    [InlineData("offsets-2-63", "a: the offsets are past the end of the file")]
    [InlineData("offsets-three", "a: data_offsets needs two numbers")]
    [InlineData("offsets-missing", "a: data_offsets is missing")]
    [InlineData("shape-overflow", "a: the shape is too large")]
    [InlineData("shape-overflow-bytes", "a: the shape is too large")]
    [InlineData("shape-data-mismatch", "a: shape and data size disagree (expected 12 bytes for F32 [3], found 8 bytes)")]
    [InlineData("dtype-unknown", "a: unknown dtype F12")]
    public void The_message_says_what_is_wrong(string file, string says)
    {
        string path = Path.Combine(BadCase.Directory, file + ".safetensors");
        GemmaException exception = Assert.Throws<GemmaException>(() => SafetensorsFile.Open(path));
        Assert.Contains(says, exception.Message, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(MustLoad))]
    public void A_sound_file_loads_and_its_tensors_lie_inside(string file)
    {
        using SafetensorsFile opened = SafetensorsFile.Open(BadCase.Named(file).FullPath);
        Assert.All(opened.Header.Tensors, x => Assert.InRange(x.Offset + x.ByteLength, opened.Header.DataStart, opened.Length));
        Assert.Equal(opened.Length - opened.Header.DataStart, opened.Tensors.Sum(x => x.ByteLength));
    }

    [Fact]
    public void Tensors_have_the_types_shapes_and_values_of_the_file()
    {
        using SafetensorsFile file = SafetensorsFile.Open(Path.Combine(BadCase.Directory, "ok-two-tensors.safetensors"));
        TensorView a = file.Tensor("a");
        TensorView b = file.Tensor("b");
        Assert.Equal((ElementType.F32, 8L), (a.ElementType, a.ByteLength));
        Assert.Equal([2L], a.Shape);
        Assert.Equal((ElementType.BF16, 8L), (b.ElementType, b.ByteLength));
        Assert.Equal([2L, 2L], b.Shape);
        byte[] bytes = File.ReadAllBytes(file.Path);
        byte[] read = new byte[8];
        b.CopyTo(0, read);
        Assert.Equal(bytes[^8..], read);
        Assert.Equal(BinaryPrimitives.ReadSingleLittleEndian(bytes.AsSpan(bytes.Length - 16)), a.ToSingles()[0]);
    }

    [Fact]
    public void A_missing_tensor_is_named()
    {
        using SafetensorsFile file = SafetensorsFile.Open(Path.Combine(BadCase.Directory, "ok-two-tensors.safetensors"));
        Assert.Contains("c: missing tensor", Assert.Throws<GemmaException>(() => file.Tensor("c")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Reading_beyond_a_tensor_is_refused()
    {
        using SafetensorsFile file = SafetensorsFile.Open(Path.Combine(BadCase.Directory, "ok-two-tensors.safetensors"));
        Assert.Throws<ArgumentOutOfRangeException>(() => file.Tensor("a").CopyTo(1, new byte[8]));
        Assert.Throws<ArgumentOutOfRangeException>(() => file.Tensor("a").CopyTo(-1, new byte[1]));
        Assert.Throws<ArgumentOutOfRangeException>(() => file.Tensor("a").CopyTo(0, new byte[9]));
    }

    [Fact]
    public void A_tensor_of_a_disposed_file_refuses_to_give_its_bytes()
    {
        SafetensorsFile file = SafetensorsFile.Open(Path.Combine(BadCase.Directory, "ok-two-tensors.safetensors"));
        TensorView a = file.Tensor("a");
        file.Dispose();
        file.Dispose();
        Assert.Throws<ObjectDisposedException>(() => a.ToSingles());
    }

    [Theory]
    [InlineData("{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}} x", "the header is not JSON")]
    [InlineData("{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]},}", "the header is not JSON")]
    [InlineData("{\"a\":{\"dtype\":\"U8\",\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}}", "a: dtype is given twice")]
    [InlineData("{\"a\":{\"dtype\":\"U8\",\"shape\":[1.5],\"data_offsets\":[0,1]}}", "too large or not whole")]
    [InlineData("{\"a\":{\"dtype\":\"U8\",\"shape\":[-1],\"data_offsets\":[0,1]}}", "the shape is negative")]
    [InlineData("{\"a\":{\"dtype\":\"U8\",\"shape\":[\"1\"],\"data_offsets\":[0,1]}}", "shape holds something else")]
    [InlineData("{\"a\":{\"dtype\":\"U8\",\"shape\":{},\"data_offsets\":[0,1]}}", "shape is not a list")]
    [InlineData("{\"a\":{\"dtype\":1,\"shape\":[1],\"data_offsets\":[0,1]}}", "dtype is not text")]
    [InlineData("{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0]}}", "needs two numbers")]
    [InlineData("{\"__metadata__\":{\"x\":1}}", "something else than text")]
    [InlineData("{\"__metadata__\":[]}", "the metadata is not an object")]
    [InlineData("{\"\\ud800\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}}", "not Unicode")]
    [InlineData("{\"a\":{\"\\ud800\":1,\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}}", "not Unicode")]
    [InlineData("{}", "belong to nobody")]
    public void Other_faults_of_a_header_are_named_too(string json, string says)
    {
        byte[] file = WithHeader(json, 1);
        GemmaException exception = Assert.Throws<GemmaException>(() => SafetensorsHeader.Parse(file, file.Length, "f"));
        Assert.Contains(says, exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_name_of_a_megabyte_does_not_fill_the_message()
    {
        byte[] file = WithHeader($"{{\"{new string('x', 1 << 20)}\":null}}", 0);
        Assert.InRange(Assert.Throws<GemmaException>(() => SafetensorsHeader.Parse(file, file.Length, "f")).Message.Length, 10, 400);
    }

    [Fact]
    public void Metadata_is_kept()
    {
        byte[] file = WithHeader("{\"__metadata__\":{\"format\":\"mlx\",\"x\":\"\\u00e4\"}}", 0);
        SafetensorsHeader header = SafetensorsHeader.Parse(file, file.Length, "f");
        Assert.Equal("mlx", header.Metadata["format"]);
        Assert.Equal("ä", header.Metadata["x"]);
        Assert.Empty(header.Tensors);
    }

    [Fact]
    public void A_file_that_is_not_there_and_a_directory_are_told_apart()
    {
        string missing = Path.Combine(BadCase.Directory, "nothing.safetensors");
        Assert.Contains("does not exist", Assert.Throws<GemmaException>(() => SafetensorsFile.Open(missing)).Message, StringComparison.Ordinal);
        Assert.Contains("is a directory", Assert.Throws<GemmaException>(() => SafetensorsFile.Open(BadCase.Directory)).Message, StringComparison.Ordinal);
        Assert.Throws<GemmaException>(() => SafetensorsFile.Open("a\0b"));
        Assert.Throws<GemmaException>(() => SafetensorsFile.Open(string.Empty));
    }

    private static byte[] WithHeader(string json, int data)
    {
        byte[] header = Encoding.UTF8.GetBytes(json);
        byte[] file = new byte[8 + header.Length + data];
        BinaryPrimitives.WriteInt64LittleEndian(file, header.Length);
        header.CopyTo(file, 8);
        return file;
    }
}
