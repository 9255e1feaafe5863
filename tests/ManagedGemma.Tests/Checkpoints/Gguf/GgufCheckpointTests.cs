using ManagedGemma.Checkpoints;
using ManagedGemma.Checkpoints.Gguf;
using ManagedGemma.Conditioning;
using ManagedGemma.Model;
using ManagedGemma.Tests.Support;
using ManagedGemma.Tokenization;

namespace ManagedGemma.Tests.Checkpoints.Gguf;

public sealed class GgufCheckpointTests : IDisposable
{
    private static readonly string Zoo = Path.Combine(TestFiles.Fixtures, "zoo", "gguf");
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void A_file_gives_its_decoder()
    {
        using GemmaCheckpoint checkpoint = GemmaCheckpoint.Open(Path.Combine(Zoo, "tiny-Q4_0.gguf"));
        List<WeightMatrix> matrices = DecoderWalk.Ask(checkpoint);
        Assert.Equal(1 + (7 * 7), matrices.Count);
        Assert.Null(matrices[0].BlockType);
        Assert.All(matrices.Skip(1), x => Assert.Equal((GgufType.Q4_0, null), (x.BlockType, x.Scheme)));
        Assert.Null(checkpoint.LanguageHead(64));
        Assert.True(checkpoint.NormsHoldOne);
        Assert.Equal(("", "the GGUF file's metadata"), (checkpoint.Prefix, checkpoint.ConfigOrigin));
        GemmaConfig config = checkpoint.Config;
        Assert.Equal((64, 7, 64, 2, 1, 32), (config.HiddenSize, config.LayerCount, config.IntermediateSize, config.HeadCount, config.KeyValueHeadCount, config.HeadDim));
        Assert.Equal((16, 32.0, 1e6, 1e4, 8.0, 1.0), (config.SlidingWindow, config.QueryPreAttnScalar, config.RopeThetaFull, config.RopeThetaSliding, config.RopeFactorFull, config.RopeFactorSliding));
        Assert.Equal([5], config.FullAttention.Index().Where(x => x.Item).Select(x => x.Index));
        Assert.Equal((2, 0, 32768), (config.BosTokenId, config.PadTokenId, config.MaxPositionEmbeddings));
        Assert.Equal([1], config.EosTokenIds);
        Assert.Equal(checkpoint.Tensors.Count, checkpoint.Tensors.Select(checkpoint.ModuleOf).OfType<string>().Distinct().Count());
    }

    [Fact]
    public void A_directory_with_one_model_and_a_projector_is_opened()
    {
        File.Copy(Path.Combine(Zoo, "tiny-Q8_0.gguf"), _directory["gemma.gguf"]);
        new GgufBuilder().Add("general.architecture", "clip").Write(_directory["mmproj-F16.gguf"]);
        using GemmaCheckpoint checkpoint = GemmaCheckpoint.Open(_directory.Path);
        Assert.Equal([_directory["gemma.gguf"]], checkpoint.Files);
        Assert.Equal(_directory.Path, checkpoint.Location);
        Assert.Contains(
            "mmproj-F16.gguf: general.architecture: this is a projector for images (mmproj), not the text model (expected gemma3, found clip)",
            Refusal(_directory["mmproj-F16.gguf"]),
            StringComparison.Ordinal);
    }

    [Fact]
    public void Safetensors_go_before_gguf_and_two_models_are_refused()
    {
        File.Copy(Path.Combine(Zoo, "tiny-Q8_0.gguf"), _directory["a.gguf"]);
        File.Copy(Path.Combine(Zoo, "tiny-Q4_1.gguf"), _directory["b.gguf"]);
        Assert.Contains("several weight files and nothing that says which", Refusal(_directory.Path), StringComparison.Ordinal);
        foreach (string name in (string[])["config.json", "model.safetensors"])
        {
            File.Copy(Path.Combine(BadCase.Directory, "ok-dense", name), _directory[name]);
        }

        using GemmaCheckpoint checkpoint = GemmaCheckpoint.Open(_directory.Path);
        Assert.Equal([_directory["model.safetensors"]], checkpoint.Files);
    }

    [Fact]
    public void A_file_of_another_name_is_known_by_its_first_bytes()
    {
        File.Copy(Path.Combine(Zoo, "tiny-F16.gguf"), _directory["blob"]);
        using GemmaCheckpoint checkpoint = GemmaCheckpoint.Open(_directory["blob"]);
        Assert.Equal(2, checkpoint.Config.LayerCount);
    }

    [Theory]
    [InlineData("")]
    [InlineData("m-00001-of-00003.gguf")]
    [InlineData("m-00003-of-00003.gguf")]
    public void Parts_are_read_together(string name)
    {
        WriteParts();
        using GemmaCheckpoint checkpoint = GemmaCheckpoint.Open(Path.Combine(_directory.Path, name));
        using GemmaCheckpoint whole = GemmaCheckpoint.Open(Path.Combine(Zoo, "tiny-Q8_0.gguf"));
        Assert.Equal(3, checkpoint.Files.Count);
        Assert.Equal(DecoderWalk.Ask(whole).Select(x => Bytes(x.Weight)), DecoderWalk.Ask(checkpoint).Select(x => Bytes(x.Weight)));
    }

    [Fact]
    public void Parts_that_are_missing_mixed_up_or_renamed_are_refused()
    {
        WriteParts();
        File.Move(_directory["m-00002-of-00003.gguf"], _directory["x"]);
        Assert.Contains("m-00002-of-00003.gguf: a part of the model is missing", Refusal(_directory["m-00001-of-00003.gguf"]), StringComparison.Ordinal);
        File.Copy(_directory["m-00003-of-00003.gguf"], _directory["m-00002-of-00003.gguf"]);
        Assert.Contains("split.no: the file is another part than its name says (expected 1, found 2)", Refusal(_directory.Path), StringComparison.Ordinal);
        File.Move(_directory["m-00001-of-00003.gguf"], _directory["renamed.gguf"]);
        Assert.Contains("split.count: the file is a part of a model; its name must say which", Refusal(_directory["renamed.gguf"]), StringComparison.Ordinal);
    }

    [Fact]
    public void Parts_with_too_few_tensors_or_the_same_are_refused()
    {
        WriteParts(total: 99);
        Assert.Contains("split.tensors.count: the parts hold another number of tensors (expected 99, found 28)", Refusal(_directory.Path), StringComparison.Ordinal);
        WriteParts(total: 32, choose: (part, i) => i % 3 == part || i is 0 or 1);
        Assert.Contains("duplicate tensor name", Refusal(_directory.Path), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("gemma3.block_count", "the key is missing")]
    [InlineData("gemma3.embedding_length", "the key is missing")]
    [InlineData("gemma3.feed_forward_length", "the key is missing")]
    [InlineData("gemma3.attention.head_count", "the key is missing")]
    [InlineData("gemma3.attention.key_length", "the key is missing")]
    [InlineData("gemma3.attention.sliding_window", "the key is missing")]
    [InlineData("gemma3.attention.layer_norm_rms_epsilon", "the key is missing")]
    public void A_missing_key_is_named(string key, string says) => Refused(GgufBuilder.Tiny().Remove(key), $"{key}: {says}");

    [Fact]
    public void Values_out_of_range_are_named()
    {
        Refused(GgufBuilder.Tiny().Add("gemma3.block_count", 0u), "gemma3.block_count: must be positive");
        Refused(GgufBuilder.Tiny().Add("gemma3.block_count", 1_000_000_000u), "gemma3.block_count: is too large");
        Refused(GgufBuilder.Tiny().Add("gemma3.block_count", "1"), "gemma3.block_count: is not a whole number");
        Refused(GgufBuilder.Tiny().Add("gemma3.attention.head_count_kv", 0u), "head_count_kv: must be positive");
        Refused(GgufBuilder.Tiny().Add("gemma3.attention.head_count", 3u).Add("gemma3.attention.head_count_kv", 2u), "does not divide gemma3.attention.head_count");
        Refused(GgufBuilder.Tiny().Add("gemma3.attention.key_length", 15u).Add("gemma3.attention.value_length", 15u), "key_length: must be even");
        Refused(GgufBuilder.Tiny().Add("gemma3.attention.value_length", 8u), "value_length: differs from gemma3.attention.key_length");
        Refused(GgufBuilder.Tiny().Add("gemma3.attention.sliding_window_pattern", 0u), "sliding_window_pattern: must be positive");
        Refused(GgufBuilder.Tiny().Add("gemma3.attention.sliding_window_pattern", new[] { true, false }), "does not match block_count");
        Refused(GgufBuilder.Tiny().Add("gemma3.attention.sliding_window_pattern", new[] { 1 }), "holds something else than truth values");
        Refused(GgufBuilder.Tiny().Add("gemma3.rope.freq_base", 0f), "rope.freq_base: must be positive and finite");
        Refused(GgufBuilder.Tiny().Add("gemma3.rope.freq_base", float.NaN), "rope.freq_base: must be positive and finite");
        Refused(GgufBuilder.Tiny().Add("gemma3.rope.scaling.type", "yarn"), "rope type yarn is not supported");
        Refused(GgufBuilder.Tiny().Add("gemma3.rope.scaling.type", "linear"), "gemma3.rope.scaling.factor: the key is missing");
        Refused(GgufBuilder.Tiny().Add("gemma3.final_logit_softcapping", 30f), "softcapping is not supported");
        Refused(GgufBuilder.Tiny().Add("general.architecture", "llama"), "architecture llama is not Gemma 3");
        Refused(GgufBuilder.Tiny().Add("general.architecture", 3u), "general.architecture: is not text");
        Refused(GgufBuilder.Tiny(), "token_embd.weight: missing tensor");
    }

    [Fact]
    public void Keys_mean_what_llama_cpp_means()
    {
        GemmaConfig config = Config(GgufBuilder.Tiny().Add("gemma3.rope.scaling.factor", 4f).Add("gemma3.rope.freq_base_swa", 2e4f));
        Assert.Equal((4.0, 2e4), (config.RopeFactorFull, config.RopeThetaSliding));
        Assert.Equal(1, Config(GgufBuilder.Tiny().Add("gemma3.rope.scaling.type", "none")).RopeFactorFull);
        Assert.Equal([true, false], Config(GgufBuilder.Tiny().Add("gemma3.block_count", 2u).Add("gemma3.attention.sliding_window_pattern", new[] { false, true })).FullAttention);

        // The 27b: 5376 / 32 heads of 128.
        GemmaConfig large = Config(GgufBuilder.Tiny().Add("gemma3.block_count", 62u).Add("gemma3.embedding_length", 5376u).Add("gemma3.attention.head_count", 32u).Add("gemma3.attention.key_length", 128u).Add("gemma3.attention.value_length", 128u));
        Assert.Equal(168, large.QueryPreAttnScalar);
        string[] tokens = ["<pad>", "<eos>", "<bos>", "<unk>", "<end_of_turn>"];
        Assert.Equal([1, 4], Config(GgufBuilder.Tiny().Add("tokenizer.ggml.tokens", tokens).Add("tokenizer.ggml.eos_token_id", 4u)).EosTokenIds);
    }

    [Fact]
    public void Tensors_of_the_wrong_shape_or_type_are_refused()
    {
        string source = Path.Combine(Zoo, "tiny-Q8_0.gguf");
        Refused(GgufBuilder.From(source).Tensor("blk.0.attn_k.weight", GgufType.Q8_0, [16, 64]), "blk.0.attn_k.weight: has the wrong shape (expected [32,64], found [16,64])");
        Refused(GgufBuilder.From(source).Tensor("blk.0.attn_k.weight", GgufType.Q8_0, [64, 32]), "blk.0.attn_k.weight: has the wrong shape (expected [32,64], found [64,32])");
        Refused(GgufBuilder.From(source).Tensor("blk.0.attn_k.weight", GgufType.F64, [32, 64]), "blk.0.attn_k.weight: has the wrong type for weights (expected F32, F16, BF16 or blocks, found F64)");
        Refused(GgufBuilder.From(source).Tensor("blk.0.attn_norm.weight", GgufType.F32, [63]), "blk.0.attn_norm.weight: has the wrong shape (expected [64], found [63])");
        Refused(GgufBuilder.From(source).Tensor("blk.0.attn_norm.weight", GgufType.Q8_0, [64]), "blk.0.attn_norm.weight");
        Refused(GgufBuilder.From(source).Keep(i => i != 3), "missing tensor");
    }

    [Fact]
    public void A_head_of_its_own_is_used()
    {
        string path = GgufBuilder.From(Path.Combine(Zoo, "tiny-Q8_0.gguf")).Tensor("output.weight", GgufType.F32, [320, 64]).Write(_directory["m.gguf"]);
        using GemmaModel model = GemmaModel.Load(path, new GemmaModelOptions { Threads = 1 });
        Assert.All(model.LastLogits([2, 5]), x => Assert.Equal(0, x));
    }

    [Fact]
    public void Ids_without_a_row_are_refused()
    {
        using GemmaModel model = GemmaModel.Load(Path.Combine(Zoo, "tiny-Q8_0.gguf"), new GemmaModelOptions { Threads = 1 });
        Assert.Equal(320, model.VocabularySize);
        Assert.Contains("the embedding has no row for a token", Assert.Throws<GemmaException>(() => model.Run([2, 320], new HiddenStateCollector())).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_is_cut_short_is_noticed_before_the_next_pass()
    {
        File.Copy(Path.Combine(Zoo, "tiny-Q8_0.gguf"), _directory["m.gguf"]);
        using GemmaModel model = GemmaModel.Load(_directory["m.gguf"], new GemmaModelOptions { Threads = 1 });
        model.Run([2, 5], new HiddenStateCollector());
        using (FileStream stream = new(_directory["m.gguf"], FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
        {
            stream.SetLength(50_000);
        }

        string message = Assert.Throws<GemmaException>(() => model.Run([2, 5], new HiddenStateCollector())).Message;
        Assert.Contains("m.gguf: the file was cut short while it was in use (expected 86688 bytes, found 50000)", message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_vocabulary_inside_tokenises_and_a_tokenizer_beside_goes_before_it()
    {
        string path = _directory["m.gguf"];
        File.Copy(Path.Combine(Zoo, "tiny-Q8_0.gguf"), path);
        using GemmaTextEncoder encoder = GemmaTextEncoder.Load(path, new GemmaModelOptions { Threads = 1 });

        // No letter of this vocabulary is a piece by itself, so all are bytes.
        Assert.Equal([2, 4 + 'H', 4 + 'i'], encoder.Tokenize("Hi").Ids);
        Assert.Equal([2, 1], encoder.Tokenize("<eos>").Ids);
        Assert.Equal(encoder.Tokenize("é").Ids, GemmaTokenizer.LoadFor(_directory.Path).EncodePrompt("é"));
        File.WriteAllText(_directory["tokenizer.json"], "{}");
        Assert.Contains("tokenizer.json", Assert.Throws<GemmaException>(() => GemmaTokenizer.LoadFor(path)).Message, StringComparison.Ordinal);
    }

    private void Refused(GgufBuilder builder, string says) =>
        Assert.Contains(says, Refusal(builder.Write(_directory["m.gguf"])), StringComparison.Ordinal);

    private static string Refusal(string path) => Assert.Throws<GemmaException>(() =>
    {
        using GemmaCheckpoint checkpoint = GemmaCheckpoint.Open(path);
        DecoderWalk.Ask(checkpoint);
    }).Message;

    private static byte[] Bytes(TensorView tensor)
    {
        byte[] bytes = new byte[tensor.ByteLength];
        tensor.CopyTo(0, bytes);
        return bytes;
    }

    private static unsafe GemmaConfig Config(GgufBuilder builder)
    {
        byte[] bytes = builder.ToArray();
        TensorMemory memory = new(bytes.Length, "file");
        bytes.CopyTo(new Span<byte>(memory.Pointer, bytes.Length));
        using GgufFile file = GgufFile.FromMemory(memory);
        return GgufConfigReader.Read(file.Metadata);
    }

    private void WriteParts(uint total = 28, Func<int, int, bool>? choose = null)
    {
        choose ??= (part, i) => i % 3 == part;
        for (int part = 0; part < 3; part++)
        {
            int number = part;
            GgufBuilder builder = GgufBuilder.From(Path.Combine(Zoo, "tiny-Q8_0.gguf")).Keep(i => choose(number, i));
            builder = part == 0 ? builder : builder.WithoutValues();
            builder.Raw("split.no", GgufValueType.U16, BitConverter.GetBytes((ushort)part))
                .Raw("split.count", GgufValueType.U16, BitConverter.GetBytes((ushort)3))
                .Raw("split.tensors.count", GgufValueType.I32, BitConverter.GetBytes(total))
                .Write(_directory[$"m-{part + 1:D5}-of-00003.gguf"]);
        }
    }
}
