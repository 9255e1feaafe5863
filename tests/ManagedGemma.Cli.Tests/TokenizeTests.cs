using System.Text;
using System.Text.Json;
using ManagedGemma.Cli.Tests.Support;

namespace ManagedGemma.Cli.Tests;

/// <summary><c>tokenize</c>, by the demo's bytes and by a tiny tokenizer.json without weights.</summary>
public sealed class TokenizeTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void Redirected_output_is_a_line_a_token() =>
        Assert.Equal("2\t<bos>\n76\t<0x48>\n109\t<0x69>\n", Run("Hi").Out.ReplaceLineEndings("\n"));

    [Fact]
    public void The_demo_says_that_it_stands_in()
    {
        Assert.Contains("bytes of the text", Run("Hi").Error, StringComparison.Ordinal);
        Assert.Contains("demo", Assert.Single(Run("Hi", "--quiet").ErrorLines), StringComparison.Ordinal);
    }

    [Fact]
    public void Json_holds_ids_and_pieces()
    {
        JsonElement json = Run("Hi", "--json").Json;
        Assert.Equal([2, 76, 109], json.GetProperty("ids").EnumerateArray().Select(x => x.GetInt32()));
        Assert.Equal(["<bos>", "<0x48>", "<0x69>"], json.GetProperty("pieces").EnumerateArray().Select(x => x.GetString()));
        Assert.Equal(3, json.GetProperty("count").GetInt32());
    }

    [Fact]
    public void Bos_can_be_left_out() => Assert.Equal([76, 109], Ids(Run("Hi", "--no-bos", "--json")));

    [Fact]
    public void Ids_show_their_pieces_and_those_without_one()
    {
        Assert.Equal("76\t<0x48>\n999\t(no piece)\n", Run("--ids", "76,999").Out.ReplaceLineEndings("\n"));
    }

    [Fact]
    public void The_profile_says_whether_the_text_is_stripped()
    {
        Assert.Equal([2, 76], Ids(Run(" H\n", "--json")));
        Assert.Equal([2, 36, 76, 14], Ids(Run(" H\n", "--json", "--profile", "car")));
    }

    [Fact]
    public void Standard_input_is_a_prompt() =>
        Assert.Equal([2, 76, 109], Ids(Tool.RunWithInput("Hi\n"u8.ToArray(), "tokenize", "--json").Succeeds()));

    [Fact]
    public void Lines_become_lines()
    {
        byte[] input = "{\"text\": \"Hi\"}\n{\"id\": 7, \"text\": \"\\u00e9\"}\r\n{\"text\": \"\"}"u8.ToArray();
        string expected = "{\"ids\": [2, 76, 109]}\n{\"ids\": [2, 199, 173]}\n{\"ids\": [2]}\n";
        Assert.Equal(expected, Tool.RunWithInput(input, "tokenize", "--jsonl", "-").Succeeds().Out.ReplaceLineEndings("\n"));
        File.WriteAllBytes(_directory["lines.jsonl"], input);
        Assert.Equal(expected, Run("--jsonl", _directory["lines.jsonl"]).Out.ReplaceLineEndings("\n"));
        Assert.StartsWith("{\"ids\": [76, 109]}", Run("--jsonl", _directory["lines.jsonl"], "--no-bos").Out, StringComparison.Ordinal);
    }

    [Fact]
    public void Lines_longer_than_the_buffer_arrive_whole()
    {
        string text = new('x', 300_000);
        Outcome outcome = Tool.RunWithInput(Encoding.UTF8.GetBytes($"{{\"text\": \"a\"}}\n{{\"text\": \"{text}\"}}\n{{\"text\": \"b\"}}\n"), "tokenize", "--jsonl", "-").Succeeds();
        string[] lines = outcome.Out.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(3, lines.Length);
        Assert.Equal(300_000, lines[1].Count(x => x == ','));
        Assert.StartsWith("{\"ids\": [2, 102]}", lines[2], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("fox")]
    [InlineData("[1]")]
    [InlineData("")]
    [InlineData("{\"text\": 3}")]
    [InlineData("{\"test\": \"a\"}")]
    [InlineData("{\"text\": \"a\"} {\"text\": \"b\"}")]
    [InlineData("{\"text\": \"\\ud800\"}")]
    [InlineData("{\"text\": \"\u0001\"}")]
    public void A_line_that_is_not_valid_is_named_by_its_number(string bad)
    {
        Outcome outcome = Tool.RunWithInput(Encoding.UTF8.GetBytes($"{{\"text\": \"a\"}}\n{bad}\n{{\"text\": \"b\"}}\n"), "tokenize", "--jsonl", "-", "--quiet");
        Assert.Contains("line 2", outcome.Fails(1), StringComparison.Ordinal);
        Assert.Equal("{\"ids\": [2, 101]}", outcome.Out.TrimEnd());
    }

    [Fact]
    public void A_line_that_is_not_utf8_is_named_by_its_number()
    {
        byte[] input = [.. "{\"text\": \""u8, 0xC3, .. "\"}\n"u8];
        Assert.Contains("line 1", Tool.RunWithInput(input, "tokenize", "--jsonl", "-", "--quiet").Fails(1), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Answers_come_while_questions_are_still_being_asked()
    {
        using System.Diagnostics.Process process = Tool.Start(null, "tokenize", "--jsonl", "-", "--quiet");
        process.StandardInput.WriteLine("{\"text\": \"a\"}");
        process.StandardInput.Flush();
        string? answer = await process.StandardOutput.ReadLineAsync().WaitAsync(TimeSpan.FromSeconds(60));
        Assert.Equal("{\"ids\": [2, 101]}", answer);
        process.StandardInput.Close();
        Tool.Finish(process).Succeeds();
    }

    [Theory]
    [InlineData("--model")]
    [InlineData("--tokenizer")]
    public void A_tokenizer_needs_no_weights(string option)
    {
        TinyTokenizer.Write(_directory.Path);
        Outcome outcome = Run("fox fox", "--json", option, option == "--model" ? _directory.Path : _directory["tokenizer.json"]);
        Assert.Equal([TinyTokenizer.Bos, 265, TinyTokenizer.SpacedFox], Ids(outcome));
        Assert.False(outcome.Json.GetProperty("is_demo").GetBoolean());
        Assert.Empty(outcome.Error);
    }

    [Fact]
    public void A_piece_cannot_clear_the_terminal()
    {
        TinyTokenizer.Write(_directory.Path);
        string text = Run("--ids", $"{TinyTokenizer.NastyId}", "--model", _directory.Path).Out;
        Assert.Equal("267\t\\u001B[2J", text.TrimEnd());
        string json = Run("--ids", $"{TinyTokenizer.NastyId}", "--model", _directory.Path, "--json").Out;
        Assert.DoesNotContain("\u001b", json, StringComparison.Ordinal);
    }

    [Fact]
    public void A_directory_without_tokenizer_is_told() =>
        Assert.Contains("tokenizer.json", Tool.Run("tokenize", "Hi", "--model", Repository.Zoo).Fails(1), StringComparison.Ordinal);

    [Fact]
    public void A_damaged_tokenizer_is_told()
    {
        File.WriteAllText(_directory["tokenizer.json"], "{\"model\": {}}");
        Assert.Contains("tokenizer.json", Tool.Run("tokenize", "Hi", "--model", _directory.Path).Fails(1), StringComparison.Ordinal);
        Assert.Contains("tokenizer.json", Tool.Run("tokenize", "Hi", "--tokenizer", _directory["tokenizer.json"]).Fails(1), StringComparison.Ordinal);
    }

    private static int[] Ids(Outcome outcome) => [.. outcome.Json.GetProperty("ids").EnumerateArray().Select(x => x.GetInt32())];

    private static Outcome Run(params string[] args) => Tool.Run(["tokenize", .. args]).Succeeds();
}
