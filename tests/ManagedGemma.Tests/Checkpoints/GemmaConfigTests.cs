using System.Text;
using ManagedGemma.Checkpoints;
using ManagedGemma.Tests.Support;

namespace ManagedGemma.Tests.Checkpoints;

public sealed class GemmaConfigTests
{
    private const string Sizes = "\"hidden_size\":64,\"num_hidden_layers\":6,\"intermediate_size\":96";

    [Fact]
    public void A_sparse_nested_config_takes_the_class_defaults()
    {
        GemmaConfig config = GemmaConfig.Load(Path.Combine(TestFiles.Fixtures, "zoo", "vlm-4bit", "config.json"));
        Assert.Equal("gemma3", config.ModelType);
        Assert.Equal((64, 12, 256, 4, 2, 32), (config.HiddenSize, config.LayerCount, config.IntermediateSize, config.HeadCount, config.KeyValueHeadCount, config.HeadDim));
        Assert.Equal((1e-6, 16, 256d), (config.RmsNormEps, config.SlidingWindow, config.QueryPreAttnScalar));
        Assert.Equal((1e6, 1e4, 8d, 1d), (config.RopeThetaFull, config.RopeThetaSliding, config.RopeFactorFull, config.RopeFactorSliding));
        Assert.Equal([5, 11], Full(config));
        Assert.Equal([1, 106], config.EosTokenIds);
        Assert.Equal((2, 0, (int?)null), (config.BosTokenId, config.PadTokenId, config.MaxPositionEmbeddings));
        Assert.Equal(new QuantizationScheme(QuantizationMode.Affine, 4, 64), config.Quantization!.For("anything"));
    }

    [Fact]
    public void A_flat_config_with_layer_types_is_read()
    {
        GemmaConfig config = GemmaConfig.Load(Path.Combine(TestFiles.Fixtures, "zoo", "text-4bit", "config.json"));
        Assert.Equal("gemma3_text", config.ModelType);
        Assert.Equal((128, 6, 4, 1, 42d, 1d), (config.HiddenSize, config.LayerCount, config.HeadCount, config.KeyValueHeadCount, config.QueryPreAttnScalar, config.RopeFactorFull));
        Assert.Equal([5], Full(config));
        Assert.Equal([1], config.EosTokenIds);
        Assert.Equal(32768, config.MaxPositionEmbeddings);
    }

    [Fact]
    public void Absent_keys_take_the_defaults_of_transformers()
    {
        GemmaConfig config = Parse($"{{{Sizes}}}");
        Assert.Equal(("gemma3_text", 8, 4, 256, 4096), (config.ModelType, config.HeadCount, config.KeyValueHeadCount, config.HeadDim, config.SlidingWindow));
        Assert.Equal((256d, 1e-6, 1e6, 1e4, 1d, 1d), (config.QueryPreAttnScalar, config.RmsNormEps, config.RopeThetaFull, config.RopeThetaSliding, config.RopeFactorFull, config.RopeFactorSliding));
        Assert.Equal([5], Full(config));
        Assert.Null(config.Quantization);
    }

    [Fact]
    public void Null_counts_as_absent_and_the_last_of_equal_keys_wins()
    {
        GemmaConfig config = Parse($"{{{Sizes},\"head_dim\":null,\"rope_scaling\":null,\"hidden_size\":32,\"layer_types\":null,\"quantization\":null}}");
        Assert.Equal((256, 32), (config.HeadDim, config.HiddenSize));
    }

    [Theory]
    [InlineData("\"sliding_window_pattern\":2", new[] { 1, 3, 5 })]
    [InlineData("\"_sliding_window_pattern\":3", new[] { 2, 5 })]
    [InlineData("\"sliding_window_pattern\":2,\"_sliding_window_pattern\":3", new[] { 1, 3, 5 })]
    [InlineData("\"sliding_window_pattern\":1", new[] { 0, 1, 2, 3, 4, 5 })]
    [InlineData("\"sliding_window_pattern\":2147483647", new int[0])]
    [InlineData("\"sliding_window_pattern\":2,\"layer_types\":[\"full_attention\",\"sliding_attention\",\"sliding_attention\",\"sliding_attention\",\"sliding_attention\",\"sliding_attention\"]", new[] { 0 })]
    public void Every_spelling_of_the_attention_pattern_is_read(string json, int[] full) => Assert.Equal(full, Full(Parse($"{{{Sizes},{json}}}")));

    [Theory]
    [InlineData("\"rope_theta\":5,\"rope_local_base_freq\":3", 5, 3, 1, 1)]
    [InlineData("\"rope_global_base_freq\":5", 5, 1e4, 1, 1)]
    [InlineData("\"rope_theta\":7,\"rope_global_base_freq\":5", 7, 1e4, 1, 1)]
    [InlineData("\"rope_scaling\":{\"type\":\"linear\",\"factor\":4}", 1e6, 1e4, 4, 1)]
    [InlineData("\"rope_scaling\":{\"rope_type\":\"linear\",\"factor\":8.0}", 1e6, 1e4, 8, 1)]
    [InlineData("\"rope_scaling\":{\"rope_type\":\"default\"}", 1e6, 1e4, 1, 1)]
    [InlineData("\"rope_scaling\":{}", 1e6, 1e4, 1, 1)]
    [InlineData("\"rope_parameters\":{}", 1e6, 1e4, 1, 1)]
    [InlineData("\"rope_parameters\":{\"full_attention\":{\"rope_theta\":9,\"rope_type\":\"linear\",\"factor\":2},\"sliding_attention\":{\"rope_theta\":6,\"rope_type\":\"default\"}}", 9, 6, 2, 1)]
    [InlineData("\"rope_theta\":7,\"rope_parameters\":{\"full_attention\":{\"rope_type\":\"default\"},\"sliding_attention\":{\"type\":\"linear\",\"factor\":3}}", 7, 1e4, 1, 3)]
    public void Every_spelling_of_rope_is_read(string json, double full, double sliding, double factorFull, double factorSliding)
    {
        GemmaConfig config = Parse($"{{{Sizes},{json}}}");
        Assert.Equal((full, sliding, factorFull, factorSliding), (config.RopeThetaFull, config.RopeThetaSliding, config.RopeFactorFull, config.RopeFactorSliding));
    }

    [Theory]
    [InlineData("\"quantization\":{\"group_size\":32,\"bits\":8}", "model.x", QuantizationMode.Affine, 8, 32)]
    [InlineData("\"quantization_config\":{\"group_size\":32,\"bits\":4,\"mode\":\"mxfp4\"}", "model.x", QuantizationMode.MxFp4, 4, 32)]
    [InlineData("\"quantization\":{\"group_size\":16,\"bits\":4,\"mode\":\"nvfp4\"}", "model.x", QuantizationMode.NvFp4, 4, 16)]
    [InlineData("\"quantization\":{\"mode\":\"mxfp8\"}", "model.x", QuantizationMode.MxFp8, 8, 32)]
    [InlineData("\"quantization\":{\"group_size\":128,\"bits\":3,\"model.x\":{\"bits\":6}}", "model.x", QuantizationMode.Affine, 6, 64)]
    [InlineData("\"quantization\":{\"group_size\":128,\"bits\":3,\"model.x\":{\"mode\":\"mxfp4\"}}", "model.x", QuantizationMode.MxFp4, 4, 32)]
    [InlineData("\"quantization\":{\"mode\":\"mxfp8\",\"model.x\":{\"group_size\":32}}", "model.x", QuantizationMode.Affine, 4, 32)]
    [InlineData("\"quantization\":{\"group_size\":128,\"bits\":3,\"model.x\":true}", "model.x", QuantizationMode.Affine, 3, 128)]
    [InlineData("\"quantization\":{\"group_size\":128,\"bits\":3,\"model.y\":{\"bits\":6}}", "model.x", QuantizationMode.Affine, 3, 128)]
    [InlineData("\"quantization\":{\"group_size\":32,\"bits\":8},\"quantization_config\":{\"bits\":2}", "model.x", QuantizationMode.Affine, 8, 32)]
    public void Quantisation_is_read_with_its_overrides(string json, string module, QuantizationMode mode, int bits, int group) =>
        Assert.Equal(new QuantizationScheme(mode, bits, group), Parse($"{{{Sizes},{json}}}").Quantization!.For(module));

    [Fact]
    public void A_module_that_is_false_is_dense() =>
        Assert.Null(Parse($"{{{Sizes},\"quantization\":{{\"group_size\":128,\"bits\":3,\"model.x\":false}}}}").Quantization!.For("model.x"));

    [Theory]
    [InlineData("", "the file is not JSON")]
    [InlineData("[]", "the file is not a JSON object (expected an object, found a list)")]
    [InlineData("{} x", "the file is not JSON")]
    [InlineData("{\"text_config\":3}", "text_config: is not an object")]
    [InlineData("{\"model_type\":\"llama\"}", "model_type: model type llama is not Gemma 3")]
    [InlineData("{\"model_type\":\"gemma3\",\"text_config\":{\"model_type\":\"gemma3n_text\"}}", "model type gemma3n_text is not Gemma 3")]
    [InlineData("{\"model_type\":7}", "model_type: is not text")]
    [InlineData("{\"model_type\":\"\\ud800\"}", "not Unicode")]
    [InlineData("{\"\\ud800\":1}", "not Unicode")]
    [InlineData("{\"num_hidden_layers\":1}", "hidden_size: the key is missing|intermediate_size: the key is missing")]
    [InlineData("{S,\"hidden_size\":2147483648}", "hidden_size: is too large (expected at most 1048576, found 2147483648)")]
    [InlineData("{S,\"hidden_size\":1e30}", "hidden_size: is too large or not whole")]
    [InlineData("{S,\"hidden_size\":\"64\"}", "hidden_size: is not a number (expected a whole number, found \"64\")")]
    [InlineData("{S,\"num_hidden_layers\":1000000000}", "num_hidden_layers: is too large")]
    [InlineData("{S,\"num_hidden_layers\":-1}", "num_hidden_layers: must be positive")]
    [InlineData("{S,\"layer_types\":[\"full_attention\"]}", "layer_types: does not match num_hidden_layers (expected a list of 6, found 1)")]
    [InlineData("{S,\"layer_types\":[1,2,3,4,5,6]}", "layer_types: is not text")]
    [InlineData("{S,\"layer_types\":[\"a\",\"a\",\"a\",\"a\",\"a\",\"a\"]}", "layer_types: holds an unknown attention")]
    [InlineData("{S,\"rope_theta\":NaN}", "the file is not JSON")]
    [InlineData("{S,\"rope_theta\":0}", "rope_theta: must be positive")]
    [InlineData("{S,\"rope_local_base_freq\":1e999}", "rope_local_base_freq: must be a finite number")]
    [InlineData("{S,\"rope_scaling\":{\"rope_type\":\"yarn\"}}", "rope_scaling.rope_type: rope type yarn is not supported")]
    [InlineData("{S,\"rope_scaling\":{\"rope_type\":\"linear\"}}", "rope_scaling.factor: the key is missing")]
    [InlineData("{S,\"rope_scaling\":{\"rope_type\":\"linear\",\"factor\":0}}", "rope_scaling.factor: must be positive")]
    [InlineData("{S,\"rope_parameters\":{\"rope_theta\":5}}", "rope_parameters.full_attention: the key is missing")]
    [InlineData("{S,\"head_dim\":0}", "head_dim: must be positive")]
    [InlineData("{S,\"head_dim\":3}", "head_dim: must be even")]
    [InlineData("{S,\"num_attention_heads\":4096,\"head_dim\":65536}", "head_dim: is too large")]
    [InlineData("{S,\"num_attention_heads\":2,\"num_key_value_heads\":3}", "num_key_value_heads: does not divide num_attention_heads")]
    [InlineData("{S,\"num_key_value_heads\":0}", "num_key_value_heads: must be positive")]
    [InlineData("{S,\"sliding_window_pattern\":0}", "sliding_window_pattern: must be positive")]
    [InlineData("{S,\"query_pre_attn_scalar\":-1}", "query_pre_attn_scalar: must be positive")]
    [InlineData("{S,\"eos_token_id\":[]}", "eos_token_id: the list has an impossible length")]
    [InlineData("{S,\"eos_token_id\":[-1]}", "eos_token_id: is not a token id")]
    [InlineData("{S,\"attn_logit_softcapping\":50.0}", "attn_logit_softcapping: softcapping is not supported")]
    [InlineData("{S,\"use_bidirectional_attention\":true}", "use_bidirectional_attention: is not supported")]
    [InlineData("{S,\"hidden_activation\":\"gelu\"}", "hidden_activation: is not supported")]
    [InlineData("{S,\"quantization\":{\"bits\":7,\"group_size\":32}}", "quantization.bits: 7 bits is not supported")]
    [InlineData("{S,\"quantization\":{\"bits\":4,\"group_size\":48}}", "quantization.group_size: a group of 48 is not supported")]
    [InlineData("{S,\"quantization\":{\"bits\":4,\"group_size\":32,\"mode\":\"mxfp17\"}}", "quantization.mode: unknown quantization mode mxfp17")]
    [InlineData("{S,\"quantization\":{\"bits\":8,\"group_size\":32,\"mode\":\"mxfp4\"}}", "mxfp4 has one bit width and group size")]
    [InlineData("{S,\"quantization\":{\"bits\":4,\"group_size\":32,\"model.x\":{\"bits\":7}}}", "quantization.model.x.bits: 7 bits is not supported")]
    [InlineData("{S,\"quantization_config\":{\"quant_method\":\"bitsandbytes\"}}", "quantization by bitsandbytes is not supported")]
    public void What_is_wrong_is_named_with_its_key(string json, string says)
    {
        GemmaException exception = Assert.Throws<GemmaException>(() => Parse(json.Replace("{S", "{" + Sizes, StringComparison.Ordinal)));
        Assert.StartsWith("config.json: ", exception.Message, StringComparison.Ordinal);
        Assert.Contains(says.Split('|'), x => exception.Message.Contains(x, StringComparison.Ordinal));
    }

    [Fact]
    public void A_config_nested_without_end_is_refused()
    {
        string deep = string.Concat(Enumerable.Repeat("{\"a\":", 100_000));
        Assert.Contains("not JSON", Assert.Throws<GemmaException>(() => Parse(deep)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_config_that_is_not_there_is_named()
    {
        GemmaException exception = Assert.Throws<GemmaException>(() => GemmaConfig.Load(Path.Combine(TestFiles.Fixtures, "config.json")));
        Assert.Contains("does not exist", exception.Message, StringComparison.Ordinal);
    }

    private static GemmaConfig Parse(string json) => GemmaConfig.Parse(Encoding.UTF8.GetBytes(json), "config.json");

    private static IEnumerable<int> Full(GemmaConfig config) => Enumerable.Range(0, config.LayerCount).Where(i => config.FullAttention[i]);
}
