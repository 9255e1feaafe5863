using System.Text.Json;
using ManagedGemma.Cli.Tests.Support;

namespace ManagedGemma.Cli.Tests;

/// <summary><c>inspect</c>, for people and machines.</summary>
public sealed class InspectTests
{
    [Fact]
    public void Json_describes_the_checkpoint()
    {
        JsonElement json = Tool.Run("inspect", "--model", Repository.Zoo, "--json", "--threads", "2").Succeeds().Json;
        JsonElement config = json.GetProperty("config");
        Assert.Equal("vlm-4bit", json.GetProperty("model").GetString());
        Assert.Equal("--model", json.GetProperty("model_origin").GetString());
        Assert.Equal(64, config.GetProperty("hidden_size").GetInt32());
        Assert.Equal([5, 11], config.GetProperty("full_attention_layers").EnumerateArray().Select(x => x.GetInt32()));
        Assert.Equal(16, config.GetProperty("sliding_window").GetInt32());
        Assert.Equal(2, json.GetProperty("files").GetArrayLength());
        Assert.Equal("4 bit affine, group 64", Assert.Single(json.GetProperty("quantization").GetProperty("schemes").EnumerateArray()).GetString());
        Assert.Equal("BF16", Assert.Single(json.GetProperty("quantization").GetProperty("scale_types").EnumerateArray()).GetString());
        Assert.Equal(2, json.GetProperty("engine").GetProperty("threads").GetInt32());
        Assert.Equal(320, json.GetProperty("engine").GetProperty("vocabulary_size").GetInt32());
        Assert.NotEmpty(json.GetProperty("engine").GetProperty("kernels").EnumerateArray());
        Assert.Equal(JsonValueKind.Null, json.GetProperty("tensors").ValueKind);
        Assert.Equal(JsonValueKind.Null, json.GetProperty("problem").ValueKind);
    }

    [Fact]
    public void Parts_add_up_and_the_parameters_are_those_of_the_sizes()
    {
        JsonElement json = Tool.Run("inspect", "--model", Repository.Zoo, "--json", "--tensors").Succeeds().Json;
        JsonElement[] parts = [.. json.GetProperty("parts").EnumerateArray()];
        JsonElement[] tensors = [.. json.GetProperty("tensors").EnumerateArray()];
        Assert.Equal(json.GetProperty("tensor_bytes").GetInt64(), parts.Sum(x => x.GetProperty("bytes").GetInt64()));
        Assert.Equal(json.GetProperty("tensor_bytes").GetInt64(), tensors.Sum(x => x.GetProperty("bytes").GetInt64()));
        Assert.Equal(json.GetProperty("tensor_count").GetInt32(), tensors.Length);
        Assert.Equal(tensors.Length, parts.Sum(x => x.GetProperty("tensors").GetInt32()));
        Assert.Contains(parts, x => x.GetProperty("part").GetString() == "ignored");

        // 12 layers of width 64, 4 + 2·2 heads of 32, 256 inside, 320 tokens, a head beside the embedding.
        long attention = (64L * (4 + 2 + 2) * 32) + (4 * 32 * 64), feedForward = 3L * 64 * 256, norms = (4 * 64) + (2 * 32);
        Assert.Equal((2 * 320 * 64) + (12 * (attention + feedForward + norms)) + 64, json.GetProperty("parameters").GetInt64());
    }

    [Fact]
    public void People_get_tables_on_standard_output()
    {
        Outcome outcome = Tool.Run("inspect", "--model", Repository.Zoo, "--tensors").Succeeds();
        Assert.Empty(outcome.Error);
        foreach (string word in new[]
        {
            "10 sliding over 16 tokens, 2 full (layers 6, 12)", "4 bit affine, group 64; BF16 scales", "feed-forward", "int4 x int16 panel", "language_model.model.embed_tokens.weight",
        })
        {
            Assert.Contains(word, outcome.Out, StringComparison.Ordinal);
        }

        // As people count.
        Assert.True(outcome.Out.IndexOf("layers.2.", StringComparison.Ordinal) < outcome.Out.IndexOf("layers.10.", StringComparison.Ordinal));
    }

    [Fact]
    public void Matrices_are_told_with_their_storage_and_what_multiplies_them()
    {
        string mixed = Path.Combine(Path.GetDirectoryName(Repository.Zoo)!, "mixed");
        JsonElement json = Tool.Run("inspect", "--model", mixed, "--json").Succeeds().Json;
        JsonElement[] matrices = [.. json.GetProperty("engine").GetProperty("matrices").EnumerateArray()];
        Assert.Equal(1 + (7 * 2) + 1, matrices.Sum(x => x.GetProperty("count").GetInt32()));
        JsonElement embedding = Assert.Single(matrices, x => x.GetProperty("part").GetString() == "embedding");
        Assert.Equal(("affine", 8, 32, "BF16"), (Text(embedding, "mode"), embedding.GetProperty("bits").GetInt32(), embedding.GetProperty("group_size").GetInt32(), Text(embedding, "type")));
        Assert.Equal(320 * 128, embedding.GetProperty("parameters").GetInt64());
        Assert.Equal(320 * 128 * 9 / 8, embedding.GetProperty("bytes").GetInt64());
        JsonElement dense = Assert.Single(matrices, x => Text(x, "mode") == "dense");
        Assert.Equal(("attention", 16, JsonValueKind.Null), (Text(dense, "part"), dense.GetProperty("bits").GetInt32(), dense.GetProperty("group_size").ValueKind));
        Assert.Single(matrices, x => Text(x, "mode") == "mxfp4" && Text(x, "part") == "feed-forward");
        Assert.All(matrices, x => Assert.Equal("unpacked", Text(x, "product")));

        JsonElement plain = Tool.Run("inspect", "--model", Repository.Zoo, "--json").Succeeds().Json;
        Assert.All(plain.GetProperty("engine").GetProperty("matrices").EnumerateArray(), x => Assert.Equal("int4", Text(x, "product")));
        string people = Tool.Run("inspect", "--model", mixed).Succeeds().Out;
        Assert.Contains("4 bit mxfp4, group 32, U8 scales", people, StringComparison.Ordinal);
        Assert.Contains("unpacked to float32", people, StringComparison.Ordinal);
        static string Text(JsonElement element, string name) => element.GetProperty(name).GetString()!;
    }

    [Fact]
    public void The_environment_is_told_as_the_origin()
    {
        Dictionary<string, string> environment = new() { ["MANAGED_GEMMA_MODEL"] = Repository.Zoo, ["MANAGED_GEMMA_ISA"] = "scalar" };
        JsonElement json = Tool.RunChild(environment, ["inspect", "--json"]).Succeeds().Json;
        Assert.Equal("MANAGED_GEMMA_MODEL", json.GetProperty("model_origin").GetString());
        Assert.Equal("scalar", json.GetProperty("engine").GetProperty("instruction_set").GetString());
    }

    [Fact]
    public void A_cached_model_is_found_and_named()
    {
        using TemporaryDirectory cache = new();
        string snapshot = cache["models--mlx-community--gemma-3-12b-it-4bit/snapshots/0123"];
        Directory.CreateDirectory(snapshot);
        foreach (string file in Directory.EnumerateFiles(Repository.Zoo))
        {
            File.Copy(file, Path.Combine(snapshot, Path.GetFileName(file)));
        }

        JsonElement json = Tool.RunChild(new Dictionary<string, string> { ["HF_HUB_CACHE"] = cache.Path }, ["inspect", "--json"]).Succeeds().Json;
        Assert.Equal("Hugging Face cache", json.GetProperty("model_origin").GetString());
        Assert.Equal("mlx-community/gemma-3-12b-it-4bit", json.GetProperty("model").GetString());
    }

    [Fact]
    public void The_demo_is_described_as_such()
    {
        Outcome outcome = Tool.Run("inspect", "--json").Succeeds();
        Assert.True(outcome.Json.GetProperty("is_demo").GetBoolean());
        Assert.Contains("random weights", outcome.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void What_the_engine_cannot_run_is_described_and_refused()
    {
        using TemporaryDirectory directory = new();
        foreach (string file in Directory.EnumerateFiles(Repository.Zoo))
        {
            File.Copy(file, directory[Path.GetFileName(file)]);
        }

        string config = File.ReadAllText(directory["config.json"]);
        File.WriteAllText(directory["config.json"], config.Replace("\"num_hidden_layers\": 12,", "\"num_hidden_layers\": 13,", StringComparison.Ordinal));
        Outcome outcome = Tool.Run("inspect", "--json", "--model", directory.Path);
        outcome.Fails(1);
        Assert.Equal(JsonValueKind.Null, outcome.Json.GetProperty("engine").ValueKind);
        Assert.Contains("layers.12", outcome.Json.GetProperty("problem").GetString(), StringComparison.Ordinal);
    }
}
