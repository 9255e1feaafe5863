using System.Text;
using ManagedGemma.Cli.Tests.Support;

namespace ManagedGemma.Cli.Tests;

/// <summary>Where prompts come from, and what is done to awkward ones.</summary>
public sealed class EncodePromptTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    private string Output => _directory["out.safetensors"];

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void A_file_is_one_prompt_without_its_byte_order_mark()
    {
        File.WriteAllBytes(_directory["p.txt"], [0xEF, 0xBB, 0xBF, .. "a\nb é"u8]);
        Assert.Equal(Ids("a\nb é"), Encode([], "--file", _directory["p.txt"], "--profile", "car"));
    }

    [Fact]
    public void Standard_input_is_a_prompt_when_nothing_else_is() => Assert.Equal(Ids("a fox"), Encode("a fox\n"u8.ToArray()));

    [Fact]
    public void Ltx_strips_and_car_does_not()
    {
        Assert.Equal(Ids("fox"), Encode([], " fox\n", "--profile", "ltx"));
        Assert.Equal(Ids(" fox\n"), Encode([], " fox\n", "--profile", "car"));
    }

    [Theory]
    [InlineData("2,818,5")]
    [InlineData("2 818 5")]
    [InlineData(" 2, 818,\n5, ")]
    public void Ids_are_taken_between_commas_and_spaces(string ids)
    {
        // The zoo has no tokenizer and 320 rows: the message proves which ids arrived.
        string line = Tool.Run("encode", "--ids", ids, "--model", Repository.Zoo, "--output", Output).Fails(1);
        Assert.Contains("token 2", line, StringComparison.Ordinal);
        Assert.Contains("818", line, StringComparison.Ordinal);
        Assert.Equal([2, 81, 5], Encode([], "--ids", ids.Replace("818", "81", StringComparison.Ordinal), "--model", Repository.Zoo));
    }

    [Theory]
    [InlineData("")]
    [InlineData("   ")]
    public void An_empty_prompt_is_the_bos_token_alone(string prompt) => Assert.Equal([2], Encode([], prompt));

    [Fact]
    public void A_prompt_may_look_like_an_option_behind_two_dashes() => Assert.Equal(Ids("--fox"), Encode([], "--", "--fox"));

    [Fact]
    public void A_prompt_that_begins_with_an_at_sign_is_no_response_file() => Assert.Equal(Ids("@fox"), Encode([], "@fox"));

    [Fact]
    public void A_long_prompt_is_cut_with_a_warning()
    {
        Outcome outcome = Tool.Run("encode", new string('x', 10_000), "--output", Output, "--quiet").Succeeds();
        Assert.Contains("10001 tokens, 8977 more than --max-length 1024", outcome.Error, StringComparison.Ordinal);
        using Features file = new(Output);
        Assert.Equal(Enumerable.Repeat(1L, 1024), file.Integers("attention_mask"));
        Assert.Equal("8977", file.Metadata["truncated_count"]);
    }

    [Fact]
    public void Ten_thousand_tokens_are_encoded_when_the_length_allows_it()
    {
        string ids = string.Join(' ', Enumerable.Range(0, 10_000).Select(x => x == 0 ? 2 : 4 + (x % 256)));
        Outcome outcome = Tool.Run("encode", "--ids", ids, "--output", Output, "--quiet", "--max-length", "10000", "--dtype", "bf16", "--precision", "fast").Succeeds();
        Assert.DoesNotContain("cut off", outcome.Error, StringComparison.Ordinal);
        using Features file = new(Output);
        Assert.Equal([1L, 10_000, 1664], file["features"].Shape);
        Assert.Equal(10_000, file.Integers("attention_mask").Sum());
    }

    [Fact]
    public void A_models_own_tokenizer_is_used()
    {
        foreach (string file in Directory.EnumerateFiles(Repository.Zoo))
        {
            File.Copy(file, _directory[Path.GetFileName(file)]);
        }

        TinyTokenizer.Write(_directory.Path);
        Assert.Equal([2, 265, 266], Encode([], " fox fox ", "--model", _directory.Path));
    }

    private static long[] Ids(string text) => [2, .. Encoding.UTF8.GetBytes(text).Select(x => x + 4L)];

    private long[] Encode(byte[] input, params string[] args)
    {
        Tool.RunWithInput(input, ["encode", "--output", Output, "--pad", "none", .. args]).Succeeds();
        using Features file = new(Output);
        return file.Integers("token_ids");
    }
}
