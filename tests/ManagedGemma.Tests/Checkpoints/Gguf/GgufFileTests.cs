using ManagedGemma.Checkpoints;
using ManagedGemma.Checkpoints.Gguf;
using ManagedGemma.Tests.Support;

namespace ManagedGemma.Tests.Checkpoints.Gguf;

public sealed class GgufFileTests
{
    private static readonly string Zoo = Path.Combine(TestFiles.Fixtures, "zoo", "gguf");

    public static TheoryData<string> MustFail => BadCase.Files("gguf", "fail");

    public static TheoryData<string> MustLoad => BadCase.Files("gguf", "load");

    public static TheoryData<string> Either => BadCase.Files("gguf", "either");

    // One case is refused as a model, not as a file.
    [Theory]
    [MemberData(nameof(MustFail))]
    public void A_hostile_file_is_refused_with_a_message_that_names_it(string file)
    {
        BadCase one = BadCase.Named(file);
        GemmaException exception = Assert.Throws<GemmaException>(() => GemmaCheckpoint.Open(one.FullPath));
        Assert.StartsWith(one.FullPath + ": ", exception.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', exception.Message);
    }

    [Theory]
    [InlineData("empty", "the file is too short for a GGUF header (expected at least 24 bytes, found 0 bytes)")]
    [InlineData("magic", "not a GGUF file")]
    [InlineData("big-endian", "big-endian GGUF is not supported")]
    [InlineData("version-1", "GGUF version 1 is not supported")]
    [InlineData("tensors-2-60", "the tensor count is impossible for the file's size")]
    [InlineData("kv-2-60", "the metadata count is impossible for the file's size")]
    [InlineData("string-2-60", "x: a string runs past the end of the file")]
    [InlineData("array-2-60", "x: an array runs past the end of the file")]
    [InlineData("array-nested", "x: nested arrays are not supported")]
    [InlineData("value-type-77", "x: unknown metadata type 77")]
    [InlineData("truncated", "the file ends inside its metadata")]
    [InlineData("offset-outside", "output_norm.weight: the data lies outside the file")]
    [InlineData("offset-overflow", "output_norm.weight: the data lies outside the file")]
    [InlineData("ndims-9", "output_norm.weight: has too many dimensions (expected at most 4, found 9)")]
    [InlineData("ndims-2-31", "output_norm.weight: has too many dimensions (expected at most 4")]
    [InlineData("dim-negative", "output_norm.weight: is too large")]
    [InlineData("type-unknown", "output_norm.weight: unknown tensor type 200")]
    [InlineData("type-removed", "output_norm.weight: unsupported tensor type 4 (Q4_2, removed from the format)")]
    [InlineData("misaligned", "output_norm.weight: the data is not aligned (expected a multiple of 32, found 20)")]
    [InlineData("alignment-33", "general.alignment: the alignment is not a power of two")]
    [InlineData("block-rows", "blk.0.attn_q.weight: the rows are not whole blocks of 32")]
    [InlineData("duplicate-tensor", "a.weight: duplicate tensor name")]
    [InlineData("duplicate-key", "general.architecture: duplicate metadata key")]
    [InlineData("no-arch", "general.architecture: the key is missing")]
    public void The_message_says_what_is_wrong(string file, string says)
    {
        string path = Path.Combine(BadCase.Directory, $"gguf-{file}.gguf");
        Assert.Contains(says, Assert.Throws<GemmaException>(() => GemmaCheckpoint.Open(path)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(MustLoad))]
    [MemberData(nameof(Either))]
    public void A_sound_file_loads_and_its_tensors_lie_inside(string file)
    {
        using GgufFile opened = GgufFile.Open(BadCase.Named(file).FullPath);
        Assert.All(opened.Header.Tensors, x => Assert.InRange(x.Offset + x.ByteLength, opened.Header.DataStart, opened.Memory.Length));
        Assert.Equal("output_norm.weight F32 [32]", Assert.Single(opened.Tensors).ToString());
    }

    [Fact]
    public void Text_that_is_not_utf8_is_an_error_once_it_is_wanted()
    {
        using GgufFile file = GgufFile.Open(Path.Combine(BadCase.Directory, "gguf-utf8.gguf"));
        Assert.Equal("gemma3", file.Metadata.Text("general.architecture"));
        Assert.Contains("x: the text is not UTF-8", Assert.Throws<GemmaException>(() => file.Metadata.Text("x")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_cut_of_a_file_is_refused()
    {
        byte[] whole = GgufBuilder.Tiny().Add("tokenizer.ggml.tokens", new[] { "a", "bc" }).Tensor("output_norm.weight", GgufType.F32, [32]).ToArray();
        Parse(whole);
        for (int length = 0; length < whole.Length; length++)
        {
            Assert.Throws<GemmaException>(() => Parse(whole[..length]));
        }
    }

    [Fact]
    public void Tensors_that_overlap_or_leave_gaps_are_refused()
    {
        byte[] whole = GgufBuilder.Tiny().Tensor("a", GgufType.F32, [8]).Tensor("b", GgufType.F32, [16]).ToArray();
        Assert.Equal(32, Parse(whole).Tensors[1].Offset - Parse(whole).DataStart);

        // The offset of b, the last thing before the data.
        int at = (int)Parse(whole).DataStart - 8;
        while (BitConverter.ToInt64(whole, at) != 32)
        {
            at--;
        }

        whole[at] = 0;
        Assert.Contains("b: the data overlaps another tensor's (expected an offset of 32, found 0)", Refusal(whole), StringComparison.Ordinal);
        whole[at] = 64;
        Assert.Contains("b: the data leaves a gap after another tensor's (expected an offset of 32, found 64)", Refusal([.. whole, .. new byte[64]]), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(2u)]
    [InlineData(3u)]
    public void Both_versions_are_read(uint version)
    {
        GgufBuilder builder = new() { Version = version };
        GgufHeader header = Parse(builder.Add("k", "v").Tensor("t", GgufType.Q6_K, [3, 512]).ToArray());
        Assert.Equal(version, header.Version);
        Assert.Equal((GgufType.Q6_K, 3 * 2 * 210L), (header.Tensors[0].Type, header.Tensors[0].ByteLength));
        Assert.Equal([3L, 512L], header.Tensors[0].Shape);
    }

    [Fact]
    public void Blocks_are_seen_as_bytes_and_shown_as_weights()
    {
        using GgufFile file = GgufFile.Open(Path.Combine(Zoo, "tiny-Q4_0.gguf"));
        TensorView tensor = file.Tensors.Single(x => x.Name == "blk.0.ffn_down.weight");
        Assert.Equal((ElementType.U8, GgufType.Q4_0), (tensor.ElementType, tensor.BlockType));
        Assert.Equal([64L, 36L], tensor.Shape);
        Assert.Equal([64L, 64L], tensor.WeightShape);
        Assert.Equal("blk.0.ffn_down.weight Q4_0 [64,64]", tensor.ToString());
        TensorView dense = file.Tensors.Single(x => x.Name == "token_embd.weight");
        Assert.Equal((ElementType.F16, null), (dense.ElementType, dense.BlockType));
        Assert.Equal([320L, 64L], dense.Shape);
    }

    private static string Refusal(byte[] bytes) => Assert.Throws<GemmaException>(() => Parse(bytes)).Message;

    private static GgufHeader Parse(byte[] bytes) => GgufHeader.Parse(bytes, bytes.Length, "file");
}
