using ManagedGemma.Checkpoints;
using ManagedGemma.Tests.Support;

namespace ManagedGemma.Tests.Checkpoints;

public sealed class GemmaCheckpointTests
{
    public static TheoryData<string> MustFail => BadCase.Files("checkpoint", "fail");

    public static TheoryData<string> MustLoad => BadCase.Files("checkpoint", "load");

    [Theory]
    [MemberData(nameof(MustFail))]
    public void A_hostile_checkpoint_is_refused_in_one_line(string file)
    {
        GemmaException exception = Refusal(BadCase.Named(file).FullPath);
        Assert.Contains(BadCase.Directory, exception.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', exception.Message);
        Assert.InRange(exception.Message.Length, 20, 600);
    }

    [Theory]
    [InlineData("scales-rows", "scales of model.layers.0.self_attn.q_proj do not match its weight")]
    [InlineData("scales-groups", "scales of model.layers.0.self_attn.q_proj do not match its weight, bits and group size (expected [4,1], found [4,2])")]
    [InlineData("biases-shape", "biases of model.layers.0.self_attn.q_proj do not match its scales")]
    [InlineData("weight-not-u32", "weight of model.layers.0.self_attn.q_proj, which has scales, must be U32 (expected U32, found BF16)")]
    [InlineData("bits-not-dividing", "7 bits is not supported")]
    [InlineData("bits-3-in-4-bit-file", "weight of model.layers.0.self_attn.q_proj does not match 3 bits (expected [4,3], found [4,4])")]
    [InlineData("mode-unknown", "unknown quantization mode mxfp17")]
    [InlineData("quantization-missing", "the checkpoint is quantised but config.json does not say how")]
    [InlineData("tensor-missing", "model.layers.0.mlp.down_proj.weight: missing tensor")]
    [InlineData("tensor-wrong-shape", "model.layers.0.self_attn.k_proj.weight: has the wrong shape (expected [2,32], found [4,32])")]
    [InlineData("no-weights", "no weight file")]
    [InlineData("zero-tensors", "model.embed_tokens.weight: missing tensor (the embedding)")]
    [InlineData("empty-weights", "the file is too short for a safetensors header")]
    [InlineData("lfs-pointer", "not a safetensors file (a Git LFS pointer")]
    [InlineData("index-outside", "the index names a file outside the directory (expected a bare file name, found ../ok-dense/model.safetensors)")]
    [InlineData("index-absolute", "the index names a file outside the directory (expected a bare file name, found /dev/zero)")]
    [InlineData("index-lies", "the tensor is not in the file that the index names")]
    [InlineData("index-not-json", "the index is not JSON")]
    [InlineData("config-empty", "config.json: the file is not JSON")]
    [InlineData("config-array", "config.json: the file is not a JSON object")]
    [InlineData("config-other-model", "model type llama is not Gemma 3")]
    [InlineData("no-hidden-size", "hidden_size: the key is missing")]
    [InlineData("hidden-size-2-31", "hidden_size: is too large")]
    [InlineData("layers-1e9", "num_hidden_layers: is too large")]
    [InlineData("layers-negative", "num_hidden_layers: must be positive")]
    [InlineData("layer-types-short", "layer_types: does not match num_hidden_layers")]
    [InlineData("rope-nan", "the file is not JSON")]
    [InlineData("rope-zero", "rope_theta: must be positive")]
    [InlineData("rope-1e999", "rope_local_base_freq: must be a finite number")]
    [InlineData("rope-type-yarn", "rope type yarn is not supported")]
    [InlineData("head-dim-0", "head_dim: must be positive")]
    [InlineData("head-dim-odd", "head_dim: must be even")]
    [InlineData("kv-heads-3", "num_key_value_heads: does not divide num_attention_heads")]
    [InlineData("kv-heads-0", "num_key_value_heads: must be positive")]
    [InlineData("pattern-0", "sliding_window_pattern: must be positive")]
    public void The_message_says_what_is_wrong(string file, string says) =>
        Assert.Contains(says, Refusal(Path.Combine(BadCase.Directory, file)).Message, StringComparison.Ordinal);

    [Theory]
    [MemberData(nameof(MustLoad))]
    public void A_sound_checkpoint_gives_all_its_tensors(string file)
    {
        using GemmaCheckpoint checkpoint = GemmaCheckpoint.Open(BadCase.Named(file).FullPath);
        Assert.Equal(8, DecoderWalk.Ask(checkpoint).Count);
    }

    [Fact]
    public void A_sharded_multimodal_checkpoint_gives_its_decoder_and_its_own_head()
    {
        string path = Path.Combine(TestFiles.Fixtures, "zoo", "vlm-4bit");
        using GemmaCheckpoint checkpoint = GemmaCheckpoint.Open(path);
        Assert.Equal("language_model.model.", checkpoint.Prefix);
        Assert.Equal(path, checkpoint.Location);
        Assert.Equal(["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"], checkpoint.Files.Select(Path.GetFileName));
        Assert.Null(checkpoint.TokenizerPath);
        Assert.False(checkpoint.IsDemo);
        List<WeightMatrix> matrices = DecoderWalk.Ask(checkpoint);
        Assert.All(matrices, x => Assert.Equal(new QuantizationScheme(QuantizationMode.Affine, 4, 64), x.Scheme));
        Assert.Equal((320, 64), (matrices[0].Rows, matrices[0].Columns));
        WeightMatrix? head = checkpoint.LanguageHead(64);
        Assert.Equal("language_model.lm_head", head?.Path);
        Assert.Equal(320, head?.Rows);
        Assert.Equal(533464, checkpoint.TotalBytes);
    }

    [Fact]
    public void A_text_checkpoint_has_a_tied_head()
    {
        using GemmaCheckpoint checkpoint = GemmaCheckpoint.Open(Path.Combine(TestFiles.Fixtures, "zoo", "text-4bit"));
        Assert.Equal("model.", checkpoint.Prefix);
        DecoderWalk.Ask(checkpoint);
        Assert.Null(checkpoint.LanguageHead(128));
    }

    [GoldensTheory]
    [InlineData("affine-b2-g32", "2 bit affine, group 32")]
    [InlineData("affine-b3-g128", "3 bit affine, group 128")]
    [InlineData("affine-b6-g64-f32", "6 bit affine, group 64")]
    [InlineData("affine-b8-g32", "8 bit affine, group 32")]
    [InlineData("affine-b8-g64-part", "8 bit affine, group 64;dense")]
    [InlineData("mixed", "8 bit affine, group 32;3 bit affine, group 64;dense;5 bit affine, group 128;6 bit affine, group 64;4 bit mxfp4, group 32")]
    [InlineData("mxfp4", "4 bit mxfp4, group 32")]
    [InlineData("mxfp8", "8 bit mxfp8, group 32")]
    [InlineData("nvfp4", "4 bit nvfp4, group 16")]
    [InlineData("dense-bf16", "dense")]
    [InlineData("dense-f16", "dense")]
    [InlineData("dense-f32", "dense")]
    [InlineData("comfy", "dense")]
    public void Every_folder_of_the_zoo_opens_with_its_schemes(string folder, string schemes)
    {
        using GemmaCheckpoint checkpoint = GemmaCheckpoint.Open(Path.Combine(TestFiles.Goldens!, "zoo", folder));
        IEnumerable<string> found = DecoderWalk.Ask(checkpoint).Select(x => x.Scheme?.ToString() ?? "dense").Distinct();
        Assert.Equal(schemes.Split(';').Order(), found.Order());
        Assert.Equal(folder == "mixed", checkpoint.LanguageHead(checkpoint.Config.HiddenSize) is not null);
    }

    [RealModelFact]
    public void The_real_model_opens()
    {
        using GemmaCheckpoint checkpoint = GemmaCheckpoint.Open(TestFiles.RealModel!);
        Assert.Equal(1 + (7 * 18), DecoderWalk.Ask(checkpoint).Count);
    }

    [Fact]
    public void A_single_file_is_opened_by_its_own_path()
    {
        using GemmaCheckpoint checkpoint = GemmaCheckpoint.Open(Path.Combine(BadCase.Directory, "ok-dense", "model.safetensors"));
        Assert.Equal(8, DecoderWalk.Ask(checkpoint).Count);
    }

    [Fact]
    public void One_file_of_any_name_is_enough_and_a_tokenizer_beside_it_is_found()
    {
        using TemporaryDirectory directory = new();
        Copy("ok-dense", directory, "gemma_3_tiny.safetensors");
        File.Copy(Path.Combine(BadCase.Directory, "ok-two-tensors.safetensors"), directory["adapter.safetensors"]);
        File.WriteAllText(directory["tokenizer.json"], "{}");
        using GemmaCheckpoint checkpoint = GemmaCheckpoint.Open(directory.Path);
        Assert.Equal([directory["gemma_3_tiny.safetensors"]], checkpoint.Files);
        Assert.Equal(directory["tokenizer.json"], checkpoint.TokenizerPath);
    }

    [Fact]
    public void Two_models_in_one_directory_are_refused()
    {
        using TemporaryDirectory directory = new();
        Copy("ok-dense", directory, "a.safetensors");
        File.Copy(directory["a.safetensors"], directory["b.safetensors"]);
        Assert.Contains("several weight files", Refusal(directory.Path).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("model-00001-of-00002.safetensors")]
    [InlineData("model-00002-of-00002.safetensors")]
    public void Shards_without_an_index_are_read_together(string name)
    {
        using TemporaryDirectory directory = new();
        foreach (string file in (string[])["config.json", "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"])
        {
            File.Copy(Path.Combine(TestFiles.Fixtures, "zoo", "vlm-4bit", file), directory[file]);
        }

        using GemmaCheckpoint checkpoint = GemmaCheckpoint.Open(Path.Combine(directory.Path, name));
        Assert.Equal(2, checkpoint.Files.Count);
        Assert.Equal(1 + (12 * 7), DecoderWalk.Ask(checkpoint).Count);
        File.Delete(directory["model-00001-of-00002.safetensors"]);
        Assert.Contains("model-00001-of-00002.safetensors: a part of the model is missing", Refusal(directory.Path).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Shards_that_hold_the_same_tensor_are_refused()
    {
        using TemporaryDirectory directory = new();
        Copy("ok-dense", directory, "model-00001-of-00002.safetensors");
        File.Copy(directory["model-00001-of-00002.safetensors"], directory["model-00002-of-00002.safetensors"]);
        Assert.Contains("duplicate tensor name (found another in", Refusal(directory.Path).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_missing_shard_is_named()
    {
        using TemporaryDirectory directory = new();
        string source = Path.Combine(TestFiles.Fixtures, "zoo", "vlm-4bit");
        foreach (string name in (string[])["config.json", "model.safetensors.index.json", "model-00001-of-00002.safetensors"])
        {
            File.Copy(Path.Combine(source, name), directory[name]);
        }

        Assert.Contains("model-00002-of-00002.safetensors: a file that the index names is missing", Refusal(directory.Path).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_missing_directory_and_one_without_config_are_told_apart()
    {
        using TemporaryDirectory directory = new();
        Assert.Contains("no config.json", Refusal(directory.Path).Message, StringComparison.Ordinal);
        Assert.Contains("the directory does not exist", Refusal(directory["x"]).Message, StringComparison.Ordinal);
        Assert.Contains("the directory does not exist", Refusal(string.Empty).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Scales_for_a_module_that_the_config_calls_dense_are_refused()
    {
        using TemporaryDirectory directory = new();
        Copy("ok-quantised", directory, "model.safetensors");
        string config = File.ReadAllText(directory["config.json"]);
        File.WriteAllText(directory["config.json"], config.Replace("\"bits\": 4", "\"bits\": 4, \"model.layers.0.self_attn.q_proj\": false", StringComparison.Ordinal));
        Assert.Contains("config.json says that it is dense", Refusal(directory.Path).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_vector_must_have_one_dimension_of_the_expected_length()
    {
        using GemmaCheckpoint checkpoint = GemmaCheckpoint.Open(Path.Combine(BadCase.Directory, "ok-dense"));
        void Refused(string module, int length, string says) =>
            Assert.Contains(says, Assert.Throws<GemmaException>(() => checkpoint.Vector(module, length)).Message, StringComparison.Ordinal);
        Refused("norm", 31, "model.norm.weight: has the wrong shape (expected [31], found [32])");
        Refused("embed_tokens", 128, "has the wrong shape (expected [128], found [4,32])");
        Refused("other", 1, "model.other.weight: missing tensor");
    }

    [Fact]
    public void Matrices_of_a_disposed_checkpoint_refuse_to_give_their_bytes()
    {
        GemmaCheckpoint checkpoint = GemmaCheckpoint.Open(Path.Combine(BadCase.Directory, "ok-dense"));
        WeightMatrix matrix = checkpoint.Matrix("embed_tokens", -1, 32);
        checkpoint.Dispose();
        Assert.Throws<ObjectDisposedException>(() => matrix.Weight.ToSingles());
    }

    private static void Copy(string bad, TemporaryDirectory directory, string name)
    {
        File.Copy(Path.Combine(BadCase.Directory, bad, "config.json"), directory["config.json"]);
        File.Copy(Path.Combine(BadCase.Directory, bad, "model.safetensors"), directory[name]);
    }

    private static GemmaException Refusal(string path) => Assert.Throws<GemmaException>(() =>
    {
        using GemmaCheckpoint checkpoint = GemmaCheckpoint.Open(path);
        DecoderWalk.Ask(checkpoint);
    });
}
