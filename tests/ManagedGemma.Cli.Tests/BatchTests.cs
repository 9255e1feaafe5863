using System.Text;
using System.Text.Json;
using ManagedGemma.Cli.Tests.Support;

namespace ManagedGemma.Cli.Tests;

/// <summary><c>encode --batch</c>: many prompts to a directory of the files that each would get alone.</summary>
public sealed class BatchTests : IDisposable
{
    private static readonly string[] Prompts = ["A red fox", "", "runs", "through fresh snow, far away", "x", " runs", "é▁ü"];

    private readonly TemporaryDirectory _directory = new();

    private string Output => _directory["out"];

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData("--batch-tokens 1")]
    [InlineData("--batch-tokens 20 --max-length 64 --precision fast")]
    [InlineData("--max-length 12 --profile car --dtype bf16")]
    [InlineData("--batch-tokens 40 --max-length 32 --hidden-states --features v1")]
    [InlineData("--pad none --hidden-states --dtype f16 --threads 3")]
    public void Each_file_is_byte_for_byte_the_one_that_encode_alone_writes(string options)
    {
        string[] args = options.Split(' ');
        string[] alone = [.. args.SkipWhile(x => x == "--batch-tokens").SkipWhile(x => args[0] == "--batch-tokens" && x == args[1])];
        File.WriteAllText(_directory["list.jsonl"], string.Concat(Prompts.Select(x => JsonSerializer.Serialize(new Dictionary<string, string> { ["text"] = x }) + "\n")));
        Run(["--batch", _directory["list.jsonl"], .. args]).Succeeds();
        Assert.Equal(Enumerable.Range(1, Prompts.Length).Select(x => $"{x:000000}.safetensors"), Names());
        for (int i = 0; i < Prompts.Length; i++)
        {
            Tool.Run(["encode", "--output", _directory["alone"], .. alone, "--", Prompts[i]]).Succeeds();
            Assert.True(File.ReadAllBytes(_directory["alone"]).AsSpan().SequenceEqual(Bytes($"{i + 1:000000}")), Prompts[i]);
        }
    }

    [Fact]
    public void Text_is_a_prompt_a_line_without_mark_and_line_ends_and_blank_lines_are_counted_but_skipped()
    {
        byte[] list = [0xEF, 0xBB, 0xBF, .. "a fox\r\n\n \t\r\n[1] {\"text\": 2}\nlast"u8];
        File.WriteAllBytes(_directory["list.txt"], list);
        Run("--batch", _directory["list.txt"], "--pad", "none", "--profile", "car").Succeeds();
        Assert.Equal(["000001.safetensors", "000004.safetensors", "000005.safetensors"], Names());
        Assert.Equal(Ids("a fox"), TokensOf("000001"));
        Assert.Equal(Ids("[1] {\"text\": 2}"), TokensOf("000004"));
        Assert.Equal(Ids("last"), TokensOf("000005"));
    }

    [Fact]
    public void Json_lines_bring_names_and_ids()
    {
        string list = """
            {"id": "first é", "text": "a"}

            {"id": 7, "name": "not this", "text": "b"}
            {"id": null, "name": "..c", "ids": [2, 9, 200], "more": {}}
            {"text": "d"}
            """;
        File.WriteAllText(_directory["list.ndjson"], list);
        Run("--batch", _directory["list.ndjson"], "--pad", "none").Succeeds();
        Assert.Equal(["..c.safetensors", "000005.safetensors", "7.safetensors", "first é.safetensors"], Names());
        Assert.Equal(Ids("a"), TokensOf("first é"));
        Assert.Equal(Ids("b"), TokensOf("7"));
        Assert.Equal([2, 9, 200], TokensOf("..c"));
        Assert.Equal(Ids("d"), TokensOf("000005"));
    }

    [Fact]
    public void Standard_input_is_text_and_json_lines_when_it_is_said()
    {
        Tool.RunWithInput("a\nb"u8.ToArray(), "encode", "--batch", "-", "--pad", "none", "--output", Output).Succeeds();
        Assert.Equal(Ids("b"), TokensOf("000002"));
        byte[] json = "{\"text\": \"c\", \"id\": \"x\"}\n"u8.ToArray();
        Tool.RunWithInput(json, "encode", "--batch", "-", "--batch-format", "jsonl", "--pad", "none", "--output", Output).Succeeds();
        Assert.Equal(Ids("c"), TokensOf("x"));
        Tool.RunWithInput(json, "encode", "--batch", "-", "--batch-format", "text", "--pad", "none", "--output", Output, "--overwrite").Succeeds();
        Assert.Equal(Ids("{\"text\": \"c\", \"id\": \"x\"}"), TokensOf("000001"));
    }

    [Fact]
    public void Json_lines_are_not_taken_for_text_unless_it_is_said()
    {
        Outcome outcome = Tool.RunWithInput("\n{\"text\": \"c\"}\n"u8.ToArray(), "encode", "--batch", "-", "--output", Output);
        Assert.Contains("--batch-format jsonl", outcome.Fails(2), StringComparison.Ordinal);
        Assert.Empty(_directory.Entries);
    }

    [Fact]
    public void Tokens_that_tokenize_prints_are_a_batch()
    {
        byte[] list = Encoding.UTF8.GetBytes("{\"text\": \"red fox\"}\n{\"text\": \"\"}\n");
        byte[] ids = Encoding.UTF8.GetBytes(Tool.RunWithInput(list, "tokenize", "--jsonl", "-").Succeeds().Out);
        Tool.RunWithInput(ids, "encode", "--batch", "-", "--batch-format", "jsonl", "--pad", "none", "--output", Output).Succeeds();
        Assert.Equal(Ids("red fox"), TokensOf("000001"));
        Assert.Equal([2], TokensOf("000002"));
    }

    [Fact]
    public void Json_is_a_line_a_prompt_in_their_order()
    {
        string list = "{\"text\": \"" + new string('x', 99) + "\"}\nbad\n{\"text\": \"y\", \"name\": \"why\"}\n";
        Outcome outcome = Tool.RunWithInput(
            Encoding.UTF8.GetBytes(list), "encode", "--batch", "-", "--batch-format", "jsonl", "--output", Output, "--max-length", "20", "--json", "--batch-tokens", "1");
        Assert.Equal(1, outcome.Code);
        JsonElement[] lines = [.. outcome.Out.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(x => JsonDocument.Parse(x).RootElement)];
        Assert.Equal([1, 2, 3], lines.Select(x => x.GetProperty("line").GetInt32()));
        Assert.Equal(["encoded", "failed", "encoded"], lines.Select(x => x.GetProperty("outcome").GetString()));
        Assert.Equal(["000001", "000002", "why"], lines.Select(x => x.GetProperty("name").GetString()));
        Assert.Equal(Path.Combine(Output, "why.safetensors"), lines[2].GetProperty("output").GetString());
        Assert.Equal(Bytes("why").Length, lines[2].GetProperty("output_bytes").GetInt64());
        Assert.Equal([20, 80, 20, 128 * 13], new[] { "tokens", "truncated_tokens", "length", "width" }.Select(x => lines[0].GetProperty(x).GetInt32()));
        Assert.Contains("80 more than --max-length 20", Assert.Single(lines[0].GetProperty("warnings").EnumerateArray()).GetString(), StringComparison.Ordinal);
        Assert.Contains("line 2", lines[1].GetProperty("error").GetString(), StringComparison.Ordinal);
        Assert.Contains("line 1: the prompt has 100 tokens", outcome.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("fox", "not JSON")]
    [InlineData("[1]", "not one JSON object")]
    [InlineData("{\"text\": 3}", "no string \"text\"")]
    [InlineData("{\"text\": \"\\ud800\"}", "not valid Unicode")]
    [InlineData("{\"text\": \"a\", \"ids\": [2]}", "both")]
    [InlineData("{\"ids\": [2, \"5\"]}", "no array of token ids")]
    [InlineData("{\"ids\": [2, 1e9]}", "no array of token ids")]
    [InlineData("{\"ids\": [2, 1000000000]}", "embedding has no row")]
    [InlineData("{\"ids\": [2, 320]}", "embedding has no row")]
    [InlineData("{\"ids\": []}", "no tokens")]
    [InlineData("{\"text\": \"a\", \"id\": \"../a\"}", "without / and")]
    [InlineData("{\"text\": \"a\", \"name\": \"a\\\\b\"}", "without / and")]
    [InlineData("{\"text\": \"a\", \"id\": \"..\"}", "not a directory")]
    [InlineData("{\"text\": \"a\", \"id\": \"\"}", "not empty")]
    [InlineData("{\"text\": \"a\", \"id\": \"a\\u0000b\"}", "characters that file names may have")]
    [InlineData("{\"text\": \"a\", \"id\": true}", "neither a string nor a whole number")]
    [InlineData("{\"text\": \"a\", \"id\": \"000001\"}", "line 1 has the same name")]
    public void A_bad_line_is_told_with_its_number_and_the_rest_goes_on(string bad, string expected)
    {
        File.WriteAllText(_directory["list.jsonl"], $"{{\"text\": \"a\"}}\n{bad}\n{{\"text\": \"b\"}}\n");
        Outcome outcome = Run("--batch", _directory["list.jsonl"], "--quiet", "--max-length", "16");
        Assert.Equal(1, outcome.Code);
        string[] lines = [.. outcome.ErrorLines.Where(x => !x.Contains("warning", StringComparison.Ordinal))];
        Assert.Equal(2, lines.Length);
        Assert.Contains("line 2", lines[0], StringComparison.Ordinal);
        Assert.Contains(expected, lines[0], StringComparison.Ordinal);
        Assert.Contains("list.jsonl: 1 of 3 prompts were not encoded", lines[1], StringComparison.Ordinal);
        Assert.Equal(["000001.safetensors", "000003.safetensors"], Names());
    }

    [Fact]
    public void A_name_may_fill_what_a_file_system_takes_and_no_more()
    {
        File.WriteAllText(_directory["list.jsonl"], $"{{\"text\": \"a\", \"id\": \"{new string('n', 243)}\"}}\n{{\"text\": \"a\", \"id\": \"{new string('n', 244)}\"}}\n");
        Outcome outcome = Run("--batch", _directory["list.jsonl"], "--quiet");
        Assert.Contains("line 2", outcome.Error, StringComparison.Ordinal);
        Assert.Equal([new string('n', 243) + ".safetensors"], Names());
    }

    [Fact]
    public void A_line_of_text_that_is_not_utf8_is_told()
    {
        File.WriteAllBytes(_directory["list.txt"], [.. "a\nb"u8, 0xFF, .. "\nc\n"u8]);
        Outcome outcome = Run("--batch", _directory["list.txt"]);
        Assert.Equal(1, outcome.Code);
        Assert.Contains("line 2: the line is not UTF-8", outcome.Error, StringComparison.Ordinal);
        Assert.Equal(["000001.safetensors", "000003.safetensors"], Names());
    }

    [Theory]
    [InlineData("", "no prompt")]
    [InlineData("\n \n", "no prompt")]
    [InlineData("bad\n", "1 of 1 prompts")]
    public void A_list_without_any_prompt_fails_before_anything_is_made(string list, string expected)
    {
        File.WriteAllText(_directory["list.jsonl"], list);
        Outcome outcome = Run("--batch", _directory["list.jsonl"]);
        Assert.Equal(1, outcome.Code);
        Assert.Contains(expected, outcome.Error, StringComparison.Ordinal);
        Assert.Equal(["list.jsonl"], _directory.Entries);
    }

    [Fact]
    public void A_list_that_is_not_there_is_named() =>
        Assert.Contains("does not exist", Run("--batch", _directory["nothing"]).Fails(1), StringComparison.Ordinal);

    [Fact]
    public void A_file_is_refused_as_directory()
    {
        File.WriteAllText(Output, "old");
        File.WriteAllText(_directory["list.txt"], "a");
        Assert.Contains("the output is a file", Run("--batch", _directory["list.txt"]).Fails(1), StringComparison.Ordinal);
        Assert.Equal("old", File.ReadAllText(Output));
    }

    [Fact]
    public void A_directory_that_cannot_be_made_is_told()
    {
        File.WriteAllText(_directory["list.txt"], "a");
        string below = Path.Combine(_directory["list.txt"], "below");
        Assert.Contains("cannot be created", Tool.Run("encode", "--batch", _directory["list.txt"], "--output", below).FailsBehindNotice(1), StringComparison.Ordinal);
    }

    [Fact]
    public void A_model_without_tokenizer_is_one_problem()
    {
        File.WriteAllText(_directory["list.txt"], "a\nb\n");
        Assert.Contains("tokenizer.json", Run("--batch", _directory["list.txt"], "--model", Repository.Zoo).Fails(1), StringComparison.Ordinal);
        Assert.Equal(["list.txt"], _directory.Entries);
    }

    [Fact]
    public void The_models_own_files_are_not_overwritten()
    {
        string model = _directory["model"];
        Directory.CreateDirectory(model);
        foreach (string file in Directory.EnumerateFiles(Repository.Zoo))
        {
            File.Copy(file, Path.Combine(model, Path.GetFileName(file)));
        }

        string shard = Path.Combine(model, "model-00001-of-00002.safetensors");
        byte[] before = File.ReadAllBytes(shard);
        byte[] list = "{\"ids\": [2], \"id\": \"model-00001-of-00002\"}"u8.ToArray();
        Outcome outcome = Tool.RunWithInput(list, "encode", "--batch", "-", "--batch-format", "jsonl", "--model", model, "--output", model, "--overwrite");
        Assert.Equal(1, outcome.Code);
        Assert.Contains("model's own", outcome.Error, StringComparison.Ordinal);
        Assert.Equal(before, File.ReadAllBytes(shard));
    }

    [Fact]
    public void What_the_disk_does_not_take_fails_and_whole_files_stay()
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        // The second output is beyond a limit of 1 MiB; see FailureTests.
        File.WriteAllText(_directory["list.txt"], $"a\n{new string('x', 400)}\nb\n");
        Outcome outcome = Tool.RunShell(
            "trap '' XFSZ; export DOTNET_EnableWriteXorExecute=0; ulimit -f 2048; exec $CLI encode --json --pad none --batch-tokens 1 --batch \"$1\" --output \"$2\"",
            _directory["list.txt"],
            Output);
        Assert.Equal(1, outcome.Code);
        Assert.Contains(outcome.ErrorLines, x => x.StartsWith("managed-gemma: line 2: ", StringComparison.Ordinal) && x.Contains("cannot be written", StringComparison.Ordinal));
        Assert.Equal(["000001.safetensors", "000003.safetensors"], Names());
        Assert.Equal(Ids("a"), TokensOf("000001"));
        Assert.Equal(Ids("b"), TokensOf("000003"));
    }

    private static long[] Ids(string text) => [2, .. Encoding.UTF8.GetBytes(text).Select(x => x + 4L)];

    private Outcome Run(params string[] args) => Tool.Run(["encode", .. args, "--output", Output]);

    private string[] Names() =>
        [.. Directory.EnumerateFileSystemEntries(Output, "*", new EnumerationOptions { AttributesToSkip = 0 }).Select(x => Path.GetFileName(x)!).Order(StringComparer.Ordinal)];

    private byte[] Bytes(string name) => File.ReadAllBytes(Path.Combine(Output, name + ".safetensors"));

    private long[] TokensOf(string name)
    {
        using Features file = new(Path.Combine(Output, name + ".safetensors"));
        return file.Integers("token_ids");
    }
}
