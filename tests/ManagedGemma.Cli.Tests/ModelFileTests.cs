using System.Text.Json;
using ManagedGemma.Cli.Tests.Support;

namespace ManagedGemma.Cli.Tests;

/// <summary>Models that are one file: GGUF, and ComfyUI's safetensors without a config.json.</summary>
public sealed class ModelFileTests : IDisposable
{
    private static readonly string Gguf = Path.Combine(Repository.Root, "tests", "fixtures", "zoo", "gguf", "tiny-Q4_0.gguf");
    private static readonly string Comfy = Path.Combine(Repository.Root, "tests", "fixtures", "zoo", "comfy", "gemma_3_tiny_it.safetensors");

    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void A_gguf_file_is_described_in_weights()
    {
        JsonElement json = Tool.Run("inspect", "--model", Gguf, "--json", "--tensors").Succeeds().Json;
        Assert.Equal("tiny-Q4_0.gguf", json.GetProperty("model").GetString());
        Assert.Equal("the GGUF file's metadata", json.GetProperty("config_origin").GetString());
        Assert.Equal("the GGUF file's metadata", json.GetProperty("tokenizer").GetString());
        Assert.Equal("GGUF Q4_0", Assert.Single(json.GetProperty("quantization").GetProperty("schemes").EnumerateArray()).GetString());
        Assert.Equal("token_embd", Assert.Single(json.GetProperty("quantization").GetProperty("dense_modules").EnumerateArray()).GetString());
        Assert.Equal(
            ["embedding", "attention", "feed-forward", "norms"], json.GetProperty("parts").EnumerateArray().Select(x => x.GetProperty("part").GetString()));
        JsonElement tensor = json.GetProperty("tensors").EnumerateArray().Single(x => x.GetProperty("name").GetString() == "blk.0.attn_q.weight");
        Assert.Equal("Q4_0", tensor.GetProperty("type").GetString());
        Assert.Equal([64L, 64L], tensor.GetProperty("shape").EnumerateArray().Select(x => x.GetInt64()));
        Assert.Equal(64 * 64 / 32 * 18, tensor.GetProperty("bytes").GetInt64());

        // 7 layers of width 64, 2 + 2·1 heads of 32, 64 inside, 320 tokens.
        long attention = (64L * (2 + 1 + 1) * 32) + (2 * 32 * 64), feedForward = 3L * 64 * 64, norms = (4 * 64) + (2 * 32);
        Assert.Equal((320 * 64) + (7 * (attention + feedForward + norms)) + 64, json.GetProperty("parameters").GetInt64());
    }

    [Fact]
    public void People_see_the_blocks_and_where_the_config_is_from()
    {
        string output = Tool.Run("inspect", "--model", Gguf).Succeeds().Out;
        foreach (string word in new[] { "from the GGUF file's metadata", "GGUF Q4_0", "6 sliding over 16 tokens, 1 full (layers 6)" })
        {
            Assert.Contains(word, output, StringComparison.Ordinal);
        }

        Assert.DoesNotContain("scales", output, StringComparison.Ordinal);
    }

    [Fact]
    public void A_gguf_file_or_its_directory_encodes_a_prompt_with_its_own_vocabulary()
    {
        File.Copy(Gguf, _directory["m.gguf"]);
        Tool.Run("encode", "Hi", "--model", _directory["m.gguf"], "--pad", "none", "--output", _directory["a.safetensors"]).Succeeds();
        Tool.Run("encode", "--ids", "2,76,109", "--model", _directory.Path, "--pad", "none", "--output", _directory["b"]).Succeeds();
        using (Features first = new(_directory["a.safetensors"]))
        {
            Assert.Equal([1L, 3L, 64L * 8], first["features"].Shape);
        }

        Assert.Equal(
            [2, 76, 109],
            Tool.Run("tokenize", "Hi", "--model", _directory["m.gguf"], "--json").Succeeds().Json.GetProperty("ids").EnumerateArray().Select(x => x.GetInt32()));
    }

    [Fact]
    public void A_file_without_a_config_says_what_it_is_taken_for()
    {
        File.Copy(Comfy, _directory["gemma.safetensors"]);
        JsonElement json = Tool.Run("inspect", "--model", _directory["gemma.safetensors"], "--json").Succeeds().Json;
        Assert.Equal("the tensors' shapes and Hugging Face's defaults", json.GetProperty("config_origin").GetString());
        Assert.Equal("spiece_model, inside the weights", json.GetProperty("tokenizer").GetString());
        Outcome outcome = Tool.Run("encode", "--ids", "2,5", "--model", _directory["gemma.safetensors"], "--output", _directory["out"]).Succeeds();
        Assert.Contains("there is no config.json: sizes are taken from the tensors' shapes and Hugging Face's defaults", outcome.Error, StringComparison.Ordinal);
        string refusal = Tool.Run("encode", "Hi", "--model", _directory["gemma.safetensors"], "--output", _directory["out"]).Fails(1);
        Assert.Contains("expected a tokenizer.json beside the weights", refusal, StringComparison.Ordinal);
    }

    [Fact]
    public void A_projector_is_refused_in_one_line()
    {
        // The least file that says what it is.
        byte[] key = "general.architecture"u8.ToArray(), value = "clip"u8.ToArray();
        File.WriteAllBytes(
            _directory["mmproj.gguf"],
            [
                .. "GGUF"u8, 3, 0, 0, 0, .. new byte[8], 1, .. new byte[7],
                (byte)key.Length, .. new byte[7], .. key, 8, 0, 0, 0, (byte)value.Length, .. new byte[7], .. value,
            ]);
        Assert.Contains("projector for images (mmproj)", Tool.Run("inspect", "--model", _directory["mmproj.gguf"]).Fails(1), StringComparison.Ordinal);
    }
}
