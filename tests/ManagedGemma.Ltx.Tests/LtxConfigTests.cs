using System.Text.Json.Nodes;
using ManagedGemma.Conditioning;
using ManagedGemma.Ltx.Tests.Support;

namespace ManagedGemma.Ltx.Tests;

public sealed class LtxConfigTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void Both_versions_are_told_apart_by_their_metadata()
    {
        using LtxCheckpoint two = LtxCheckpoint.Open(LtxFixture.Checkpoint("v20")), three = LtxCheckpoint.Open(LtxFixture.Checkpoint("v23"));
        LtxConfig expected = new()
        {
            Features = FeatureVersion.V2,
            Video = new LtxConnectorConfig(4, 32, 2),
            Audio = new LtxConnectorConfig(2, 32, 2),
            Gated = true,
            FeedForwardBias = true,
            DoubleFrequencies = true,
            MaxPosition = 4096,
            CaptionChannels = 128,
            ModelVersion = "2.3.0",
        };
        Assert.Equal(expected, three.Config);
        Assert.Equal(
            expected with
            {
                Features = FeatureVersion.V1,
                Video = new LtxConnectorConfig(2, 32, 2),
                Gated = false,
                CaptionChannels = 64,
                ModelVersion = "2.0.0",
            },
            two.Config);
        Assert.Equal((832, 1664), (two.FeatureCount, three.FeatureCount));
    }

    [Fact]
    public void Absent_keys_have_the_originals_defaults()
    {
        LtxConfig config = LtxConfigParser.Parse(new Dictionary<string, string> { ["config"] = """{"transformer": {}}""" }, "file");
        Assert.Equal(
            new LtxConfig
            {
                Features = FeatureVersion.V1,
                Video = new LtxConnectorConfig(30, 128, 2),
                Audio = new LtxConnectorConfig(30, 128, 2),
                Gated = false,
                FeedForwardBias = true,
                DoubleFrequencies = false,
                MaxPosition = 1,
            },
            config);
    }

    [Fact]
    public void Each_of_the_four_keys_alone_is_partial_and_the_others_are_named()
    {
        string[] keys = ["caption_proj_before_connector", "caption_projection_first_linear", "caption_proj_input_norm", "caption_projection_second_linear"];
        foreach (string key in keys)
        {
            GemmaException partial = Refused("v20", file => file.Config[key] = key == keys[0]);
            Assert.All(keys, other => Assert.Equal(other != key, partial.Subject!.Contains(other, StringComparison.Ordinal)));
            partial = Refused("v23", file => file.Config.Remove(key));
            Assert.Equal("config.transformer." + key, partial.Subject);
            GemmaException wrong = Refused("v23", file => file.Config[key] = key != keys[0]);
            Assert.Equal("config.transformer." + key, wrong.Subject);
            Assert.Equal(key == keys[0] ? ("true", "false") : ("false", "true"), (wrong.Expected, wrong.Found));
            Assert.Equal("config.transformer." + key, Refused("v23", file => file.Config[key] = null).Subject);
        }
    }

    [Theory]
    [InlineData("v23", "rope_type", "\"interleaved\"", "rope_type")]
    [InlineData("v23", "connector_num_attention_heads", "3", "num_attention_heads x attention_head_dim")]
    [InlineData("v23", "audio_num_attention_heads", "3", "audio_num_attention_heads x audio_attention_head_dim")]
    [InlineData("v23", "audio_num_attention_heads", null, "audio_num_attention_heads")]
    [InlineData("v23", "connector_attention_head_dim", "31", "connector_attention_head_dim")]
    [InlineData("v23", "connector_num_attention_heads", "4000", "connector_num_attention_heads")]
    [InlineData("v23", "connector_positional_embedding_max_pos", "[1,2]", "connector_positional_embedding_max_pos")]
    [InlineData("v23", "connector_positional_embedding_max_pos", "4096", "connector_positional_embedding_max_pos")]
    [InlineData("v23", "connector_apply_gated_attention", "\"yes\"", "connector_apply_gated_attention")]
    [InlineData("v23", "connector_num_layers", "-1", "connector_num_layers")]
    public void A_wrong_key_is_named(string version, string key, string? value, string subject)
    {
        GemmaException exception = Refused(version, file =>
        {
            if (value is null)
            {
                file.Config.Remove(key);
            }
            else
            {
                file.Config[key] = JsonNode.Parse(value);
            }
        });
        Assert.Equal("config.transformer." + subject, exception.Subject);
    }

    [Theory]
    [InlineData("config", null, "__metadata__.config")]
    [InlineData("config", "no JSON", "__metadata__.config")]
    [InlineData("model_version", "2.5.0", "model_version")]
    [InlineData("gemma_source_checkpoint", "{\"gemma_version\": 4}", "gemma_source_checkpoint")]
    public void Metadata_of_something_else_is_refused(string key, string? value, string subject)
    {
        GemmaException exception = Refused("v23", file =>
        {
            file.Metadata.Remove(key);
            if (value is not null)
            {
                file.Metadata[key] = value;
            }
        });
        Assert.Equal(subject, exception.Subject);
    }

    private GemmaException Refused(string version, Action<EditedCheckpoint> edit)
    {
        EditedCheckpoint file = new(version);
        edit(file);
        string path = file.Save(_directory["edited.safetensors"]);
        GemmaException exception = Assert.Throws<GemmaException>(() => LtxCheckpoint.Open(path));
        Assert.Equal(path, exception.FilePath);
        return exception;
    }
}
