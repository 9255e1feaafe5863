using ManagedGemma.Checkpoints;
using ManagedGemma.Cli.Tests.Support;
using ManagedGemma.Conditioning;
using ManagedGemma.Ltx;

namespace ManagedGemma.Cli.Tests;

/// <summary><c>condition</c>: one prompt, in the formats of those who read it.</summary>
public sealed class ConditionTests : IDisposable
{
    private const string Prompt = "A red fox runs through fresh snow.";
    private readonly TemporaryDirectory _directory = new();

    private static string Ltx23 => Repository.Ltx("v23");

    private string Output => _directory["fox.out"];

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void The_default_is_what_the_hdr_pipeline_reads()
    {
        Outcome outcome = Condition(Prompt, "--json");
        Assert.Equal("hdr", outcome.Json.GetProperty("format").GetString());
        Assert.Equal("2.3", outcome.Json.GetProperty("ltx_version").GetString());
        Assert.Equal(new FileInfo(Output).Length, outcome.Json.GetProperty("output_bytes").GetInt64());
        using Features file = new(Output);
        Assert.Equal(["audio_context", "video_context"], file.Names);
        Assert.Empty(file.Metadata);
        using GemmaTextEncoder encoder = GemmaTextEncoder.LoadDemo();
        using LtxTextConditioner conditioner = LtxTextConditioner.Load(encoder, Ltx23);
        LtxConditioning expected = conditioner.Encode(Prompt, new LtxOptions { Length = 128 });
        foreach ((string name, EmbeddingRows rows) in new[] { ("video_context", expected.Video), ("audio_context", expected.Audio) })
        {
            Assert.Equal([1L, 128, rows.Width], file[name].Shape);
            Assert.Equal(ElementType.BF16, file[name].ElementType);
            Assert.Equal(rows.Values.ToArray().Select(Rounded), file.Floats(name));
        }
    }

    [Fact]
    public void The_length_is_1024_by_default()
    {
        Tool.Run("condition", Prompt, "--ltx", Ltx23, "--out", Output, "--quiet").Succeeds();
        using Features file = new(Output);
        Assert.Equal([1L, 1024, 128], file["video_context"].Shape);
    }

    [Fact]
    public void An_older_checkpoint_goes_with_an_encoder_of_its_own_width()
    {
        Tool.Run("condition", "--ids", "2,5,9", "--model", Repository.Zoo, "--ltx", Repository.Ltx("v20"), "--length", "128", "-o", Output).Succeeds();
        using Features file = new(Output);
        Assert.Equal(file["audio_context"].Shape, file["video_context"].Shape);
    }

    [Fact]
    public void A_prompt_that_is_too_long_is_cut_and_the_cut_is_shown()
    {
        string prompt = $"{new string('a', 200)} the very end";
        Outcome outcome = Condition(prompt, "--json");
        string warning = Assert.Single(outcome.ErrorLines, x => x.Contains("warning: the prompt", StringComparison.Ordinal));
        Assert.Contains("has 214 tokens, 86 more than --length 128", warning, StringComparison.Ordinal);
        Assert.Contains("aaaaa … ", warning, StringComparison.Ordinal);
        Assert.EndsWith("the very end\"", warning, StringComparison.Ordinal);
        Assert.Equal(prompt[127..], outcome.Json.GetProperty("truncated_text").GetString());
        Assert.Equal(86, outcome.Json.GetProperty("truncated_tokens").GetInt32());
        byte[] cut = File.ReadAllBytes(Output);
        Condition(prompt[..127]);
        Assert.Equal(cut, File.ReadAllBytes(Output));
    }

    [Fact]
    public void With_strict_a_prompt_that_is_too_long_is_an_error()
    {
        string[] args = ["--ltx", Ltx23, "--length", "128", "--output", Output, "--strict"];
        string line = Tool.Run(["condition", new string('a', 128), .. args]).FailsBehindNotice(1);
        Assert.Contains("has 129 tokens, 1 more than --length 128", line, StringComparison.Ordinal);
        Assert.Contains("\"a\"", line, StringComparison.Ordinal);
        Assert.Empty(_directory.Entries);
        Tool.Run(["condition", new string('a', 127), .. args]).Succeeds();
    }

    [Fact]
    public void An_encoder_of_another_width_is_refused_with_both_widths_and_the_file()
    {
        string line = Tool.Run("condition", Prompt, "--ltx", Repository.Ltx("v20"), "--output", Output).FailsBehindNotice(1);
        Assert.Contains(Repository.Ltx("v20"), line, StringComparison.Ordinal);
        Assert.Contains("expected hidden size 64 with 13 hidden states, found hidden size 128 with 13 hidden states", line, StringComparison.Ordinal);
        Assert.Contains("built-in demo", line, StringComparison.Ordinal);
        Assert.Empty(_directory.Entries);
    }

    [Fact]
    public void The_checkpoint_is_not_written_over()
    {
        string copy = _directory["ltx.safetensors"];
        File.Copy(Ltx23, copy);
        string line = Tool.Run("condition", Prompt, "--ltx", copy, "--output", copy).FailsBehindNotice(1);
        Assert.Contains("the output is the LTX checkpoint", line, StringComparison.Ordinal);
        Assert.Equal(File.ReadAllBytes(Ltx23), File.ReadAllBytes(copy));
    }

    // To the nearest BF16, ties to even.
    private static float Rounded(float value)
    {
        uint bits = BitConverter.SingleToUInt32Bits(value);
        return BitConverter.UInt32BitsToSingle((bits + 0x7FFF + ((bits >> 16) & 1)) & 0xFFFF0000);
    }

    private Outcome Condition(string prompt, params string[] args) =>
        Tool.Run(["condition", prompt, "--ltx", Ltx23, "--length", "128", "--output", Output, .. args]).Succeeds();
}
