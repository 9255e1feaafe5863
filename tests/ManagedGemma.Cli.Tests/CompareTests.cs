using System.Runtime.InteropServices;
using System.Text.Json;
using ManagedGemma.Checkpoints;
using ManagedGemma.Cli.Tests.Support;

namespace ManagedGemma.Cli.Tests;

/// <summary><c>compare</c>: what it calls equal, what it says and draws, and what its exit code is.</summary>
public sealed class CompareTests : IDisposable
{
    private static readonly string Golden = Path.Combine(Repository.Zoo, "golden.safetensors");

    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void A_file_is_itself()
    {
        Outcome outcome = Tool.Run("compare", Golden, Golden, "--tolerance", "0", "--max-abs", "0").Succeeds();
        Assert.Empty(outcome.Error);
        Assert.Contains("hidden_states_n7/12", outcome.Out, StringComparison.Ordinal);
        Assert.Contains("within tolerance", outcome.Out, StringComparison.Ordinal);
        Assert.DoesNotContain("OUTSIDE", outcome.Out, StringComparison.Ordinal);
    }

    [Fact]
    public void What_differs_is_shown_and_told_by_the_exit_code()
    {
        Write("a", new() { ["x"] = [1, 2, 3, 4], ["y"] = [1, 2, 3, 4.5f], ["z"] = [1, 2, 3, 4] });
        Write("b", new() { ["x"] = [1, 2, 3, 4], ["y"] = [1, 2, 3, 4], ["w"] = [1, 2, 3, 4] });
        Outcome outcome = Tool.Run("compare", _directory["a"], _directory["b"], "--json", "--top", "1");
        Assert.Equal(3, outcome.Code);
        JsonElement json = outcome.Json;
        Assert.False(json.GetProperty("within").GetBoolean());
        Assert.Equal(("y", "y", "z", "w"), (Text(json, "first_outside"), Text(json, "worst"), json.GetProperty("only_in_a")[0].GetString(), json.GetProperty("only_in_b")[0].GetString()));
        JsonElement y = json.GetProperty("states")[1];
        Assert.Equal(("y", "outside", 0.5, Math.Sqrt(0.25 / 30)), (Text(y, "name"), Text(y, "verdict"), Number(y, "max_abs"), Number(y, "relative_l2")));
        Assert.Equal([1, 1], y.GetProperty("max_abs_at").EnumerateArray().Select(x => x.GetInt64()));
        Assert.Equal(1, y.GetProperty("worst_tokens").GetArrayLength());
        Assert.Equal((1, 1.0), (y.GetProperty("worst_channels")[0].GetProperty("index").GetInt32(), Number(y.GetProperty("worst_channels")[0], "share")));

        string shown = Tool.Run("compare", _directory["a"], _directory["b"]).Out;
        Assert.Contains("rel. L2", shown, StringComparison.Ordinal);
        Assert.Contains("OUTSIDE, the first", shown, StringComparison.Ordinal);
        Assert.Contains("OUTSIDE tolerance: 1 of 2, the first is y; 2 on one side only", shown, StringComparison.Ordinal);
        Assert.Contains("Where y differs most", shown, StringComparison.Ordinal);
        outcome = Tool.Run("compare", _directory["a"], _directory["b"], "--quiet");
        Assert.Equal((3, string.Empty, string.Empty), (outcome.Code, outcome.Out, outcome.Error));
        Tool.Run("compare", _directory["a"], _directory["b"], "--quiet", "--tensors", "x", "--tensors", "q*").Succeeds();
        Tool.Run("compare", _directory["a"], _directory["b"], "--tensors", "[xy]", "--quiet").Fails(1);
    }

    [Fact]
    public void Numbers_that_json_has_not_are_null()
    {
        Write("a", new() { ["zero"] = [1, 0, 0, 0], ["odd"] = [float.NaN, 1, 2, float.PositiveInfinity] });
        Write("b", new() { ["zero"] = [0, 0, 0, 0], ["odd"] = [float.NaN, 1, 2, 3] });
        Outcome outcome = Tool.Run("compare", _directory["a"], _directory["b"], "--json");
        Assert.Equal(3, outcome.Code);
        JsonElement odd = outcome.Json.GetProperty("states")[0], zero = outcome.Json.GetProperty("states")[1];
        Assert.Equal((1, 1, 0.0), (odd.GetProperty("equal_nans").GetInt32(), odd.GetProperty("non_finite_differences").GetInt32(), Number(odd, "relative_l2")));
        Assert.Equal(JsonValueKind.Null, zero.GetProperty("relative_l2").ValueKind);
        Assert.Equal(JsonValueKind.Null, zero.GetProperty("cosine").ValueKind);
        string shown = Tool.Run("compare", _directory["a"], _directory["b"]).Out;
        Assert.Contains("1 NaN on both sides", shown, StringComparison.Ordinal);
        Assert.Contains("1 NaN or infinity against something else, the first at token 1, channel 1", shown, StringComparison.Ordinal);
        Assert.Contains("infinite", shown, StringComparison.Ordinal);
    }

    [Fact]
    public void An_encoded_file_is_its_dumps_and_its_features_come_apart()
    {
        string output = _directory["out.safetensors"], dumps = _directory["dumps"];
        Dictionary<string, string> environment = new() { ["CAR_DUMP_GEMMA_HIDDEN"] = dumps, ["CAR_DUMP_LTX_STAGE"] = _directory["stages"] };
        string[] encode = ["encode", "--ids", "2,5,9", "--max-length", "5", "--hidden-states", "--quiet", "--model", Repository.Zoo, "--output", output];
        Tool.RunChild(environment, encode).Succeeds();
        JsonElement json = Tool.Run("compare", output, dumps, "--tolerance", "0", "--tensors", "hidden_states", "--json").Succeeds().Json;
        Assert.Equal(13, json.GetProperty("states").GetArrayLength());
        Assert.All(json.GetProperty("states").EnumerateArray(), x => Assert.Equal((2, 320), (x.GetProperty("zero_rows").GetInt32(), x.GetProperty("compared").GetInt32())));

        json = Tool.Run("compare", output, _directory["stages"], "--tolerance", "0", "--tensors", "features", "--json", "--skip-padding").Succeeds().Json;
        Assert.Equal(13, json.GetProperty("states").GetArrayLength());
        Assert.All(json.GetProperty("states").EnumerateArray(), x => Assert.Equal((2, 192), (x.GetProperty("skipped_rows").GetInt32(), x.GetProperty("compared").GetInt32())));

        // Without hidden states beside them, the file says how many there are.
        Tool.Run([.. encode.Where(x => x != "--hidden-states"), "--precision", "fast"]).Succeeds();
        Outcome outcome = Tool.Run("compare", output, _directory["stages"], "--tensors", "features/*", "--json", "--tolerance", "0");
        Assert.Equal((3, 13), (outcome.Code, outcome.Json.GetProperty("states").GetArrayLength()));
    }

    [Fact]
    public void A_trainers_file_is_held_against_safetensors()
    {
        string torch = Path.Combine(Repository.Root, "tests", "fixtures", "ltx", "formats", "one.pt");
        JsonElement json = Tool.Run("compare", torch, torch, "--json", "--tolerance", "0", "--skip-padding").Succeeds().Json;
        Assert.Equal(
            ["audio_prompt_embeds", "prompt_attention_mask", "video_prompt_embeds"],
            json.GetProperty("states").EnumerateArray().Select(x => Text(x, "name")));
        Assert.Equal(["BF16", "I64", "BF16"], json.GetProperty("states").EnumerateArray().Select(x => Text(x, "type_a")));
        string other = Path.Combine(Repository.Root, "tests", "fixtures", "ltx", "formats", "diffusers_prompt_embeds.safetensors");
        json = Tool.Run("compare", torch, other, "--json", "--tensors", "*mask").Json.GetProperty("states")[0];
        Assert.Equal(("outside", 2, 128), (Text(json, "verdict"), json.GetProperty("differing").GetInt32(), json.GetProperty("compared").GetInt32()));
        Assert.Equal(3, Tool.Run("compare", torch, Golden, "--quiet").Code);
    }

    [Fact]
    public void Arrays_of_numpy_are_held_against_safetensors()
    {
        foreach (string format in new[] { "hdr", "npz", "npy" })
        {
            Tool.Run(
                "condition", "a fox", "--ltx", Repository.Ltx("v23"), "--length", "128", "--format", format, "--quiet",
                "--output", _directory[$"fox.{format}"]).Succeeds();
        }

        JsonElement json = Tool.Run("compare", _directory["fox.npz"], _directory["fox.hdr"], "--tolerance", "4e-3", "--json").Succeeds().Json;
        Assert.Equal(["audio_context", "video_context"], json.GetProperty("states").EnumerateArray().Select(x => Text(x, "name")));
        Assert.All(json.GetProperty("states").EnumerateArray(), x => Assert.Equal(("F32", "BF16"), (Text(x, "type_a"), Text(x, "type_b"))));

        // BF16 is not float32, and the contexts side by side are no context.
        Assert.Equal(3, Tool.Run("compare", _directory["fox.npz"], _directory["fox.hdr"], "--tolerance", "1e-5", "--quiet").Code);
        Tool.Run("compare", _directory["fox.npy"], _directory["fox.npy"], "--tolerance", "0", "--quiet").Succeeds();
        Assert.Equal(3, Tool.Run("compare", _directory["fox.npy"], _directory["fox.hdr"], "--quiet").Code);
        File.WriteAllText(_directory["bad.npz"], "not a zip");
        Assert.Contains("damaged", Tool.Run("compare", _directory["bad.npz"], _directory["fox.hdr"]).Fails(1), StringComparison.Ordinal);
    }

    [Fact]
    public void A_picture_is_drawn()
    {
        string picture = _directory["p.png"];
        Write("a", new() { ["x"] = [1, 2, 3, 4], ["y"] = [1, 2, 3, float.NaN], ["z"] = [0, 0, 0, 0], ["\u001b[2Jlong" + new string('n', 500)] = [0, 0, 0, 1] });
        Write("b", new() { ["x"] = [1, 2, 3, 4], ["y"] = [1, 2, 3, 5], ["z"] = [0, 0, 0, 1], ["\u001b[2Jlong" + new string('n', 500)] = [0, 0, 0, 0] });
        Outcome outcome = Tool.Run("compare", _directory["a"], _directory["b"], "--plot", picture);
        Assert.Equal(3, outcome.Code);
        Assert.DoesNotContain('\u001b', outcome.Out);
        byte[] bytes = File.ReadAllBytes(picture);
        Assert.Equal([0x89, (byte)'P', (byte)'N', (byte)'G'], bytes[..4]);
        Assert.True(bytes.Length > 5000);
    }

    [Fact]
    public void What_cannot_be_drawn_leaves_no_file()
    {
        Tool.Run("compare", Golden, Golden, "--tensors", "ids*", "--plot", _directory["p.png"]).Fails(1);
        Tool.Run("compare", Golden, _directory["none"], "--plot", _directory["p.png"]).Fails(1);
        Assert.Contains("does not exist", Tool.Run("compare", Golden, Golden, "--plot", _directory["no/p.png"]).Fails(1), StringComparison.Ordinal);
        Assert.Empty(_directory.Entries);
        Write("a", new() { ["x"] = [1, 2] });
        Assert.Contains("would replace", Tool.Run("compare", _directory["a"], Golden, "--plot", _directory["a"]).Fails(1), StringComparison.Ordinal);
        Assert.Equal(["a"], _directory.Entries);
    }

    [Fact]
    public void Differences_of_form_are_said()
    {
        using (SafetensorsWriter writer = SafetensorsWriter.Create(_directory["a"], [new("x", ElementType.BF16, 2, 2)], new Dictionary<string, string>()))
        {
            writer.Begin("x");
            writer.Write([1f, 2, 3, 4]);
            writer.Complete();
        }

        Write("b", new() { ["y"] = [1, 2, 3, 4] });
        Outcome outcome = Tool.Run("compare", _directory["a"], _directory["b"], "--tolerance", "0").Succeeds();
        Assert.Contains("x is held against y", outcome.Error, StringComparison.Ordinal);
        Assert.Contains("types differ (BF16 against F32)", outcome.Error, StringComparison.Ordinal);
        Write("c", new() { ["x"] = [1, 2, 3, 4, 5, 6] });
        outcome = Tool.Run("compare", _directory["a"], _directory["c"]);
        Assert.Equal(3, outcome.Code);
        Assert.Contains("shapes [2, 2] and [3, 2]", outcome.Out, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("not a number", "--tolerance", "a")]
    [InlineData("negative", "--tolerance", "-1")]
    [InlineData("no number", "--max-abs", "NaN")]
    [InlineData("infinite", "--max-abs", "1e999")]
    [InlineData("none at all", "--top", "0")]
    [InlineData("one alone is none", "--states", "0")]
    [InlineData("a misspelt option", "--tolerence", "1")]
    public void A_wrong_command_line_is_refused(string why, params string[] options)
    {
        Assert.NotEmpty(why);
        Tool.Run(["compare", Golden, Golden, .. options]).Fails(2);
        Tool.Run(["compare", Golden]).Fails(2);
        Tool.Run(["compare", Golden, string.Empty]).Fails(2);
    }

    [Fact]
    public void Files_that_are_none_are_refused()
    {
        File.WriteAllText(_directory["text"], "no tensors here");
        Directory.CreateDirectory(_directory["empty"]);
        Assert.Contains(_directory["text"], Tool.Run("compare", Golden, _directory["text"]).Fails(1), StringComparison.Ordinal);
        Assert.Contains("holds no dumps", Tool.Run("compare", _directory["empty"], Golden).Fails(1), StringComparison.Ordinal);
        Assert.Contains("does not exist", Tool.Run("compare", _directory["x.bin"], Golden).Fails(1), StringComparison.Ordinal);
        Assert.Contains("a width that 5 divides", Tool.Run("compare", Golden, Golden, "--states", "5").Fails(1), StringComparison.Ordinal);
        Assert.Contains("no attention mask", Tool.Run("compare", Golden, Golden, "--skip-padding").Fails(1), StringComparison.Ordinal);
    }

    [Fact]
    public void Of_many_tensors_those_that_matter_are_shown()
    {
        Dictionary<string, float[]> a = [], b = [];
        for (int i = 0; i < 150; i++)
        {
            a.Add($"t{i}", [1, 2, 3, 4]);
            b.Add($"t{i}", [1, 2, 3, i == 140 ? 5 : 4]);
        }

        Write("a", a);
        Write("b", b);
        string shown = Tool.Run("compare", _directory["a"], _directory["b"]).Out;
        Assert.Contains("t140 ", shown, StringComparison.Ordinal);
        Assert.DoesNotContain("t139 ", shown, StringComparison.Ordinal);
        Assert.Contains("150 states and tensors, 4.69 KiB; shown are 1 outside", shown, StringComparison.Ordinal);
        shown = Tool.Run("compare", _directory["a"], _directory["b"], "--tolerance", "1").Out;
        Assert.Contains("shown are the 20 worst", shown, StringComparison.Ordinal);
        Assert.Contains("t140 ", shown, StringComparison.Ordinal);
        Assert.Equal(150, Tool.Run("compare", _directory["a"], _directory["b"], "--json").Json.GetProperty("states").GetArrayLength());
    }

    private static string? Text(JsonElement json, string name) => json.GetProperty(name).GetString();

    private static double Number(JsonElement json, string name) => json.GetProperty(name).GetDouble();

    // Rows of two.
    private void Write(string name, Dictionary<string, float[]> tensors)
    {
        using SafetensorsWriter writer = SafetensorsWriter.Create(
            _directory[name], [.. tensors.Select(x => new SafetensorsSpec(x.Key, ElementType.F32, x.Value.Length / 2, 2))], new Dictionary<string, string>());
        foreach ((string key, float[] values) in tensors)
        {
            writer.Begin(key);
            writer.Write(MemoryMarshal.AsBytes<float>(values));
        }

        writer.Complete();
    }
}
