using ManagedGemma.Checkpoints;
using ManagedGemma.Conditioning;
using ManagedGemma.Model;
using ManagedGemma.Tests.Support;

namespace ManagedGemma.Tests.Checkpoints;

/// <summary>Single files without a config.json, as ComfyUI has them.</summary>
public sealed class ShapeConfigTests : IDisposable
{
    private static readonly string Comfy = Path.Combine(TestFiles.Fixtures, "zoo", "comfy", "gemma_3_tiny_it.safetensors");
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData("gemma-3-270m", 640, 18, 2048, 4, 1, 256, 512, 256, 1, 32768)]
    [InlineData("gemma-3-1b", 1152, 26, 6912, 4, 1, 256, 512, 256, 1, 32768)]
    [InlineData("gemma-3-4b", 2560, 34, 10240, 8, 4, 256, 1024, 256, 8, 131072)]
    [InlineData("gemma-3-12b", 3840, 48, 15360, 16, 8, 256, 1024, 256, 8, 131072)]
    [InlineData("gemma-3-27b", 5376, 62, 21504, 32, 16, 128, 1024, 168, 8, 131072)]
    public void A_published_model_is_known_by_its_shapes(
        string name, int hidden, int layers, int ffn, int heads, int keyHeads, int headDim, int window, int scalar, int factor, int positions)
    {
        GemmaConfig config = Read(Shapes(hidden, layers, ffn, heads, keyHeads, headDim), out GemmaPreset? preset);
        Assert.Equal(name, preset?.Name);
        Assert.Equal((hidden, layers, ffn), (config.HiddenSize, config.LayerCount, config.IntermediateSize));
        Assert.Equal((heads, keyHeads, headDim), (config.HeadCount, config.KeyValueHeadCount, config.HeadDim));
        Assert.Equal((window, (double)scalar, (double)factor, positions), (config.SlidingWindow, config.QueryPreAttnScalar, config.RopeFactorFull, config.MaxPositionEmbeddings));
        Assert.Equal((1e6, 1e4, 1.0, 1e-6), (config.RopeThetaFull, config.RopeThetaSliding, config.RopeFactorSliding, config.RmsNormEps));
        Assert.Equal(Enumerable.Range(1, layers).Select(x => x % 6 == 0), config.FullAttention);
        Assert.Equal([1, 106], config.EosTokenIds);
    }

    [Fact]
    public void Other_shapes_get_the_defaults_of_hugging_face()
    {
        GemmaConfig config = Read(Shapes(640, 18, 2048, 4, 2, 256), out GemmaPreset? preset);
        Assert.Null(preset);
        Assert.Equal((4096, 256.0, 1.0, null), (config.SlidingWindow, config.QueryPreAttnScalar, config.RopeFactorFull, config.MaxPositionEmbeddings));
    }

    [Fact]
    public void Shapes_that_fit_nothing_are_refused()
    {
        void Refused(string name, string? shape, string says)
        {
            Dictionary<string, string> shapes = Shapes(64, 2, 48, 2, 1, 32);
            if (shape is null)
            {
                shapes.Remove(name);
            }
            else
            {
                shapes[name] = shape;
            }

            Assert.Contains(says, Assert.Throws<GemmaException>(() => Read(shapes, out _)).Message, StringComparison.Ordinal);
        }

        Refused("model.embed_tokens.weight", null, "no config.json, and no tensor of a Gemma 3 decoder");
        Refused("model.norm.weight", null, "model.norm.weight: missing tensor (without a config.json the sizes come from the tensors)");
        Refused("model.norm.weight", "8,8", "model.norm.weight: has a shape that no Gemma 3 has (expected 1 dimensions, 1 to 1048576 rows, found [8,8])");
        Refused("model.layers.0.self_attn.q_norm.weight", "31", "the rows are not whole heads (expected a multiple of 31, found 64)");
        Refused("model.layers.0.self_attn.k_proj.weight", "96,64", "does not divide");
        Refused("model.layers.2000.mlp.gate_proj.weight", "48,64", "the number of blocks is none that a Gemma 3 has");
    }

    [Fact]
    public void A_file_without_a_config_runs_as_with_the_config_that_it_is_taken_for()
    {
        string alone = _directory["gemma.safetensors"], path = Directory.CreateDirectory(_directory["with"]).FullName;
        File.Copy(Comfy, alone);
        File.Copy(Comfy, Path.Combine(path, "model.safetensors"));
        File.WriteAllText(
            Path.Combine(path, "config.json"),
            """{"hidden_size": 64, "num_hidden_layers": 2, "intermediate_size": 48, "num_attention_heads": 2, "num_key_value_heads": 1, "head_dim": 32}""");
        using GemmaModel model = GemmaModel.Load(alone, new GemmaModelOptions { Threads = 1 });
        using GemmaModel expected = GemmaModel.Load(path, new GemmaModelOptions { Threads = 1 });
        Assert.Equal("the tensors' shapes and Hugging Face's defaults", model.Checkpoint.ConfigOrigin);
        Assert.True(model.Checkpoint.IsConfigAssumed);
        Assert.Equal("config.json", expected.Checkpoint.ConfigOrigin);
        Assert.False(expected.Checkpoint.IsConfigAssumed);
        HiddenStateCollector states = new(), expectedStates = new();
        model.Run([2, 7, 9, 11], states);
        expected.Run([2, 7, 9, 11], expectedStates);
        Assert.Equal(expectedStates.States, states.States);
    }

    [Fact]
    public void A_directory_still_needs_its_config()
    {
        File.Copy(Comfy, _directory["gemma.safetensors"]);
        Assert.Contains("no config.json", Assert.Throws<GemmaException>(() => GemmaCheckpoint.Open(_directory.Path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_the_decoder_does_not_read_has_no_module()
    {
        using GemmaCheckpoint checkpoint = GemmaCheckpoint.Open(Comfy);
        Assert.Equal(
            ["multi_modal_projector.mm_soft_emb_norm.weight", "spiece_model", "vision_model.embeddings.patch_embedding.weight", "vision_model.post_layernorm.bias"],
            checkpoint.Tensors.Where(x => checkpoint.ModuleOf(x) is null).Select(x => x.Name).Order(StringComparer.Ordinal));
        Assert.Equal("layers.1.mlp.down_proj", checkpoint.ModuleOf(checkpoint.Tensors.Single(x => x.Name == "model.layers.1.mlp.down_proj.weight")));
    }

    private static Dictionary<string, string> Shapes(int hidden, int layers, int ffn, int heads, int keyHeads, int headDim)
    {
        Dictionary<string, string> shapes = new()
        {
            ["model.embed_tokens.weight"] = $"262208,{hidden}",
            ["model.norm.weight"] = $"{hidden}",
            ["model.layers.0.self_attn.q_norm.weight"] = $"{headDim}",
            ["model.layers.0.self_attn.q_proj.weight"] = $"{heads * headDim},{hidden}",
            ["model.layers.0.self_attn.k_proj.weight"] = $"{keyHeads * headDim},{hidden}",
        };
        for (int i = 0; i < layers; i++)
        {
            shapes[$"model.layers.{i}.mlp.gate_proj.weight"] = $"{ffn},{hidden}";
        }

        return shapes;
    }

    private static GemmaConfig Read(Dictionary<string, string> shapes, out GemmaPreset? preset)
    {
        // Only shapes are looked at: the views' bytes are none.
        using TensorMemory memory = new(0, "file");
        return ShapeConfigReader.Read(
            shapes.ToDictionary(x => x.Key, x => new TensorView(x.Key, ElementType.BF16, [.. x.Value.Split(',').Select(long.Parse)], memory, 0, 0)), "file", out preset);
    }
}
