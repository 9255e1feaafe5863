using ManagedGemma.Cli.Tests.Support;

namespace ManagedGemma.Cli.Tests.Captions;

public sealed class CaptionTests : IDisposable
{
    private static readonly (string Caption, string Media)[] Captions =
    [
        ("A red fox runs.", "clips/one.mp4"), ("", "clips/deep/er/two.mov"), ("  A red fox runs.\n", "three.png"),
        (new string('x', 126), "clips/four.mp4"), ("Été « ∞ » 日本", "five"),
    ];

    private static readonly string[] Names = ["clips/deep/er/two", "clips/four", "clips/one", "five", "three"];

    private readonly CaptionDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData("", ".safetensors")]
    [InlineData("--batch-tokens 1 --precision fast", ".safetensors")]
    [InlineData("--format ltx-trainer", ".pt")]
    [InlineData("--format diffusers", ".safetensors")]
    [InlineData("--batch-tokens 60 --format diffusers", ".safetensors")]
    public void Outputs_mirror_media_and_are_what_each_caption_gives_alone(string options, string extension)
    {
        string[] more = options.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        string[] aloneToo = [.. more.SkipWhile(x => x is not ("--precision" or "--format"))];
        _directory.Write(Captions);
        Assert.Equal(["encoded", "encoded", "encoded", "encoded", "encoded"], _directory.Outcomes(0, more));
        Assert.Equal(Names.Select(x => x + extension), _directory.Outputs.Keys);
        foreach ((string caption, string media) in Captions)
        {
            string name = Path.ChangeExtension(media, null) + extension;
            Assert.Equal(_directory.Alone(caption, aloneToo), _directory.Outputs[name]);
        }
    }

    [Fact]
    public void Every_format_of_captions_gives_the_same_outputs()
    {
        _directory.Write(Captions[..2]);
        _directory.Run().Succeeds();
        string csv = "caption,media_path\nA red fox runs.,clips/one.mp4\n\"\",clips/deep/er/two.mov\n";
        string json = "[" + File.ReadAllText(_directory["list.jsonl"]).Replace("\n", ",\n", StringComparison.Ordinal) + "]";
        foreach ((string name, string text) in new[] { ("list.csv", csv), ("list.json", json) })
        {
            File.WriteAllText(_directory[name], text);
            string output = _directory[name + ".out"];
            Tool.Run("condition", "--captions", _directory[name], "--ltx", CaptionDirectory.Ltx, "--length", "128", "--output", output).Succeeds();
            Assert.Equal(_directory.Outputs, CaptionDirectory.OutputsOf(output));
        }

        string stdin = _directory["stdin.out"];
        Tool.RunWithInput(
            File.ReadAllBytes(_directory["list.jsonl"]),
            "condition", "--captions", "-", "--captions-format", "jsonl", "--ltx", CaptionDirectory.Ltx, "--length", "128", "--output", stdin).Succeeds();
        Assert.Equal(_directory.Outputs, CaptionDirectory.OutputsOf(stdin));
    }

    [Fact]
    public void A_caption_that_fails_is_told_with_its_line_and_the_rest_goes_on()
    {
        _directory.Write(
            ("one", "a.mp4"), ("up", "../out-of-here.mp4"), ("too long for it " + new string('x', 200), "b.mp4"), ("abs", _directory["abs.mp4"]), ("again", "a.mov"), ("two", "c.mp4"));
        Outcome outcome = _directory.Run("--strict");
        Assert.Equal(1, outcome.Code);
        string[] lines = [.. outcome.ErrorLines.Where(x => x.StartsWith("managed-gemma: ", StringComparison.Ordinal) && !x.Contains("warning", StringComparison.Ordinal))];
        Assert.Equal(5, lines.Length);
        Assert.Contains("line 2: the media path has \"..\"", lines[0], StringComparison.Ordinal);
        Assert.Contains("line 4: the media path is absolute", lines[1], StringComparison.Ordinal);
        Assert.Contains("line 5: line 1 has the same output, a", lines[2], StringComparison.Ordinal);
        Assert.StartsWith("managed-gemma: line 3: the prompt has 217 tokens, 89 more than --length 128; beyond it: ", lines[3], StringComparison.Ordinal);
        Assert.Contains("4 of 6 prompts were not encoded", lines[4], StringComparison.Ordinal);
        Assert.Equal(["a.safetensors", "c.safetensors"], _directory.Outputs.Keys);
        Assert.False(File.Exists(_directory["out-of-here.safetensors"]));
        Assert.False(File.Exists(_directory["abs.safetensors"]));
    }

    [Fact]
    public void Shards_together_are_the_whole()
    {
        _directory.Write(Captions);
        _directory.Run("--output", _directory["whole"]).Succeeds();
        int count = 0;
        for (int i = 1; i <= 3; i++)
        {
            string[] outcomes = _directory.Outcomes(0, "--shard", $"{i}/3");
            Assert.All(outcomes, x => Assert.Equal("encoded", x));
            count += outcomes.Length;
        }

        Assert.Equal(Captions.Length, count);
        Assert.Equal(CaptionDirectory.OutputsOf(_directory["whole"]), _directory.Outputs);
        Assert.Empty(_directory.Outcomes(0, "--shard", "9/9"));

        // Shards that run side by side have a record each; what others made is known.
        string[] records = [.. Directory.GetFiles(_directory.Output, ".managed-gemma-captions*").Select(x => Path.GetFileName(x)).Order(StringComparer.Ordinal)];
        Assert.Equal([.. Enumerable.Range(1, 3).Select(i => $".managed-gemma-captions-{i}-of-3.jsonl")], records);
        Assert.All(_directory.Outcomes(0), x => Assert.Equal("skipped", x));
    }

    [Fact]
    public void A_dry_run_tells_and_writes_nothing()
    {
        _directory.Write([.. Captions, ("long " + new string('x', 200), "six.mp4"), ("longer " + new string('x', 300), "seven.mp4"), ("up", "../x")]);
        Outcome outcome = _directory.Run("--dry-run", "--json");
        Assert.Equal(1, outcome.Code);
        Assert.False(Directory.Exists(_directory.Output));
        Assert.Equal((8, 7, 0, 1), (Number(outcome, "captions"), Number(outcome, "to_do"), Number(outcome, "skipped"), Number(outcome, "failed")));
        Assert.Equal("[6,7]", outcome.Json.GetProperty("truncated_lines").GetRawText());
        Assert.True(outcome.Json.GetProperty("seconds").GetDouble() > 0);

        // The longest are cut off; nothing is longer.
        Assert.Equal(128, Number(outcome, "longest_tokens"));

        Outcome text = _directory.Run("--dry-run");
        Assert.Contains("2: lines 6, 7", text.Out, StringComparison.Ordinal);

        // What it said comes true.
        Assert.Equal(1, _directory.Run("--cache", _directory["cache"]).Code);
        Assert.Equal(_directory.Outputs.Values.Sum(x => x.Length), Number(outcome, "output_bytes"));
        Outcome after = _directory.Run("--dry-run", "--json");
        Assert.Equal((0, 7), (Number(after, "to_do"), Number(after, "skipped")));
        Assert.Equal((0, 0, 0), (Number(after, "tokens"), Number(after, "longest_tokens"), Number(after, "output_bytes")));
        Outcome cached = _directory.Run("--dry-run", "--json", "--overwrite", "--cache", _directory["cache"]);
        Assert.Equal((7, 7, (int)Number(outcome, "tokens")), (Number(cached, "to_do"), Number(cached, "cached"), Number(cached, "tokens")));
        Assert.Equal(Number(outcome, "output_bytes"), Number(cached, "output_bytes"));
        Assert.Equal(System.Text.Json.JsonValueKind.Null, cached.Json.GetProperty("seconds").ValueKind);
    }

    // What was measured is all that there is: the time of one caption is its own, two take the connectors' time once more.
    [Fact]
    public void A_dry_run_reckons_the_encoders_time_by_tokens_and_the_connectors_by_captions()
    {
        _directory.Write(("a red fox", "1.mp4"));
        (long tokens, long measuredTokens, double seconds, double measured) = Times(_directory.Run("--dry-run", "--json").Succeeds());
        Assert.Equal(tokens, measuredTokens);
        Assert.Equal(1, seconds / measured, 1e-9);

        _directory.Write(("a red fox", "1.mp4"), ("a blue fox", "2.mp4"));
        (tokens, measuredTokens, seconds, measured) = Times(_directory.Run("--dry-run", "--json").Succeeds());
        Assert.Equal(tokens, measuredTokens);
        Assert.InRange(seconds / measured, 1 + 1e-9, 2);

        static (long Tokens, long MeasuredTokens, double Seconds, double MeasuredSeconds) Times(Outcome outcome) => (
            Number(outcome, "tokens"),
            Number(outcome, "measured_tokens"),
            outcome.Json.GetProperty("seconds").GetDouble(),
            outcome.Json.GetProperty("measured_seconds").GetDouble());
    }

    [Theory]
    [InlineData("--shard 0/4", "--shard takes a part and their number")]
    [InlineData("--shard 5/4", "--shard takes a part and their number")]
    [InlineData("--cache-size 1G", "--cache-size goes with --cache")]
    [InlineData("--cache c --cache-size 0", "--cache-size takes a number of bytes")]
    [InlineData("--cache c --cache-size 99999999T", "--cache-size takes a number of bytes")]
    [InlineData("--captions-format xml", "--captions-format takes")]
    [InlineData("--file x.txt", "--captions brings its own prompts")]
    public void A_wrong_command_line_is_told(string options, string part)
    {
        _directory.Write(Captions);
        Assert.Contains(part, _directory.Run(options.Split(' ')).Fails(2), StringComparison.Ordinal);
        Assert.False(Directory.Exists(_directory.Output));
    }

    [Theory]
    [InlineData("--shard", "1/2")]
    [InlineData("--overwrite", null)]
    [InlineData("--dry-run", null)]
    [InlineData("--caption-column", "x")]
    public void Options_of_captions_need_captions(string option, string? value)
    {
        string[] args = ["condition", "a fox", "--ltx", CaptionDirectory.Ltx, "--output", _directory["x"], option, .. value is null ? Array.Empty<string>() : [value]];
        Assert.Contains($"{option} goes with --captions", Tool.Run(args).Fails(2), StringComparison.Ordinal);
    }

    private static long Number(Outcome outcome, string name) => outcome.Json.GetProperty(name).GetInt64();
}
