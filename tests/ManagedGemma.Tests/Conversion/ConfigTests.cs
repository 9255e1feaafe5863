using System.Text;
using System.Text.Json;
using ManagedGemma.Checkpoints;
using ManagedGemma.Conversion;

namespace ManagedGemma.Tests.Conversion;

public sealed class ConfigTests
{
    private static readonly QuantizationScheme Scheme = new(QuantizationMode.Affine, 3, 128);

    [Fact]
    public void Every_other_key_stays_as_it_is_spelt()
    {
        const string Source = """
            {"b": 1e-06, "a": [1, {"z": null, "y": 10000.0}], "vision_config": {}, "_name_or_path": "/home/x", "é": "ü",
             "quantization": {"bits": 8, "group_size": 32, "model.x": false}, "b": 2.50}
            """;
        string json = Encoding.UTF8.GetString(MlxConfig.From(Encoding.UTF8.GetBytes(Source), Scheme));
        const string Expected = """
            {
                "a": [
                    1,
                    {
                        "z": null,
                        "y": 10000.0
                    }
                ],
                "b": 2.50,
                "quantization": {
                    "group_size": 128,
                    "bits": 3,
                    "mode": "affine"
                },
                "quantization_config": {
                    "group_size": 128,
                    "bits": 3,
                    "mode": "affine"
                },
                "\u00E9": "\u00FC"
            }
            """;
        Assert.Equal(Expected.ReplaceLineEndings("\n"), json);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(6)]
    [InlineData(0)]
    public void A_config_made_from_sizes_says_the_same_sizes(int pattern)
    {
        GemmaConfig config = new()
        {
            ModelType = "gemma3",
            HiddenSize = 640,
            LayerCount = 13,
            IntermediateSize = 2048,
            HeadCount = 4,
            KeyValueHeadCount = 1,
            HeadDim = 128,
            RmsNormEps = 1e-5,
            SlidingWindow = 77,
            QueryPreAttnScalar = 168,
            FullAttention = [.. Enumerable.Range(1, 13).Select(i => pattern == 0 ? i % 3 == 1 : i % pattern == 0)],
            RopeThetaFull = 5e5,
            RopeThetaSliding = 2e4,
            RopeFactorFull = 8,
            MaxPositionEmbeddings = 4096,
            BosTokenId = 3,
            EosTokenIds = [1, 106],
            PadTokenId = 5,
        };
        byte[] json = MlxConfig.From(TextConfig.Write(config, 320, "x"), Scheme);
        GemmaConfig read = GemmaConfig.Parse(json, "config.json");
        Assert.Equal("gemma3_text", read.ModelType);
        Assert.Equal(config.FullAttention, read.FullAttention);
        Assert.Equal(config.EosTokenIds, read.EosTokenIds);
        Assert.Equal(
            (640, 13, 2048, 4, 1, 128, 1e-5, 77, 168.0),
            (read.HiddenSize, read.LayerCount, read.IntermediateSize, read.HeadCount, read.KeyValueHeadCount, read.HeadDim, read.RmsNormEps, read.SlidingWindow, read.QueryPreAttnScalar));
        Assert.Equal(
            (5e5, 2e4, 8.0, 1.0, 4096, 3, 5),
            (read.RopeThetaFull, read.RopeThetaSliding, read.RopeFactorFull, read.RopeFactorSliding, read.MaxPositionEmbeddings!.Value, read.BosTokenId, read.PadTokenId));
        Assert.Equal((3, 128), (read.Quantization!.Bits, read.Quantization.GroupSize));

        // mlx-lm knows only the pattern.
        using JsonDocument document = JsonDocument.Parse(json);
        Assert.Equal(pattern > 0, document.RootElement.TryGetProperty("sliding_window_pattern", out JsonElement said));
        Assert.Equal(pattern, pattern > 0 ? said.GetInt32() : 0);
        Assert.Equal(320, document.RootElement.GetProperty("vocab_size").GetInt32());
    }

    [Fact]
    public void Scaled_sliding_layers_are_refused_where_the_config_must_be_made()
    {
        GemmaConfig config = new() { HiddenSize = 64, LayerCount = 1, IntermediateSize = 64, FullAttention = [true], RopeFactorSliding = 2 };
        Assert.Contains("cannot be said", Assert.Throws<GemmaException>(() => TextConfig.Write(config, 1, "x")).Message, StringComparison.Ordinal);
    }
}
