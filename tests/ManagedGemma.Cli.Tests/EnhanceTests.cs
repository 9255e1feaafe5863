using System.Text.Json;
using ManagedGemma.Cli.Tests.Support;
using ManagedGemma.Generation.Enhancement;

namespace ManagedGemma.Cli.Tests;

/// <summary><c>enhance</c> and <c>encode --enhance</c> over the demo.</summary>
public sealed class EnhanceTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void The_same_prompt_and_seed_give_the_same_text()
    {
        JsonElement first = Enhance("--json").Json, second = Enhance("--json", "--threads", "1").Json;
        string answer = first.GetProperty("answer").GetString()!, text = first.GetProperty("enhanced").GetString()!;
        Assert.Equal(answer, second.GetProperty("answer").GetString());
        Assert.Equal(EnhancementText.Clean(answer), text);
        Assert.NotEmpty(text);
        Assert.Equal(10, first.GetProperty("seed").GetInt64());
        Assert.Equal("fox", first.GetProperty("prompt").GetString());
        Assert.NotEqual(answer, Enhance("--json", "--seed", "11").Json.GetProperty("answer").GetString());
        Assert.Equal(text.TrimEnd('\n') + "\n", Enhance().Out.TrimEnd('\n') + "\n");
    }

    [Fact]
    public void The_file_holds_the_instructions()
    {
        File.WriteAllText(_directory["system.txt"], "S\n");
        const string Layout = "<start_of_turn>user\nS\n\n\nuser prompt: fox<end_of_turn>\n<start_of_turn>model\n";
        JsonElement generation = Enhance("--json", "--system", _directory["system.txt"]).Json.GetProperty("generation");
        Assert.Equal(1 + Layout.Length, generation.GetProperty("prompt_tokens").GetInt32());

        // What stands before the prompt was read apart.
        Assert.Equal(1 + Layout.IndexOf("fox", StringComparison.Ordinal), generation.GetProperty("prefix_tokens").GetInt32());
        Assert.Contains("does not exist", Tool.Run("enhance", "fox", "--system", _directory["none"]).Fails(1), StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_cut_off_or_no_text_is_told()
    {
        Assert.Contains("cut off in the middle", Enhance().Error, StringComparison.Ordinal);
        Assert.Contains("the prompt is empty", Tool.Run("enhance", "").Fails(2), StringComparison.Ordinal);
        Assert.Contains("the prompt is empty", Tool.RunWithInput("\n"u8.ToArray(), "enhance").Fails(2), StringComparison.Ordinal);
        Assert.Contains("enhance takes text", Tool.Run("enhance", "--ids", "2,5").Fails(2), StringComparison.Ordinal);
        Assert.Contains("images are not supported", Tool.Run("enhance", "fox", "--image", "a.png").Fails(2), StringComparison.Ordinal);
    }

    [Fact]
    public void Encode_takes_the_enhanced_prompt()
    {
        JsonElement whole = Tool.Run("enhance", "fox", "--json", "--quiet").Succeeds().Json;
        string text = whole.GetProperty("enhanced").GetString()!;
        JsonElement report = Encode("a", "fox", "--enhance", "--json").Json;
        Assert.Equal(text, report.GetProperty("enhanced_prompt").GetString());
        Encode("b", text);
        Encode("c", "fox", "--enhance", "--enhance-seed", "11");
        using Features enhanced = new(_directory["a"]), same = new(_directory["b"]), other = new(_directory["c"]);
        Assert.Equal(same.Floats("features"), enhanced.Floats("features"));
        Assert.NotEqual(other.Floats("features"), enhanced.Floats("features"));
        Assert.Equal("10", enhanced.Metadata["enhance_seed"]);
        Assert.DoesNotContain("enhance_seed", same.Metadata.Keys);
    }

    [Fact]
    public void Condition_takes_the_enhanced_prompt()
    {
        string text = Tool.Run("enhance", "fox", "--json", "--quiet").Succeeds().Json.GetProperty("enhanced").GetString()!;
        JsonElement report = Condition("a", "fox", "--enhance", "--json").Json;
        Assert.Equal(text, report.GetProperty("enhanced_prompt").GetString());
        Condition("b", text);
        Assert.Equal(File.ReadAllBytes(_directory["b"]), File.ReadAllBytes(_directory["a"]));
    }

    [Fact]
    public void A_batch_is_enhanced_prompt_by_prompt()
    {
        File.WriteAllLines(_directory["list.txt"], ["fox", "sea"]);
        string[] args = ["encode", "--batch", _directory["list.txt"], "--enhance", "--output", _directory["out"], "--quiet"];
        Tool.Run(args).Succeeds();
        Encode("a", "sea", "--enhance");
        Assert.Equal(File.ReadAllBytes(_directory["a"]), File.ReadAllBytes(Path.Combine(_directory["out"], "000002.safetensors")));

        // The same prompts again: what is there is theirs.
        Tool.Run(args).Succeeds();
        Assert.Contains("not this prompt's", Tool.Run([.. args, "--enhance-seed", "11"]).Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Options_without_enhance_are_refused() => Assert.Contains(
        "--enhance-seed goes with --enhance",
        Tool.Run("encode", "fox", "--enhance-seed", "1", "--output", _directory["a"]).Fails(2),
        StringComparison.Ordinal);

    private static Outcome Enhance(params string[] options) =>
        Tool.Run(["enhance", "fox", "--max-tokens", "24", "--quiet", .. options]).Succeeds();

    private Outcome Condition(string output, params string[] args) =>
        Tool.Run(["condition", .. args, "--ltx", Repository.Ltx("v23"), "--quiet", "--output", _directory[output]]).Succeeds();

    private Outcome Encode(string output, params string[] args) =>
        Tool.Run(["encode", .. args, "--quiet", "--output", _directory[output]]).Succeeds();
}
