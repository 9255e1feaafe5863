using System.Text.Json;
using ManagedGemma.Cli.Tests.Support;
using ManagedGemma.Tests.Support;

namespace ManagedGemma.Cli.Tests;

/// <summary><c>generate</c> over the demo, whose text means nothing but comes as any other does.</summary>
public sealed class GenerateTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void Json_lines_bring_the_text_and_end_with_usage()
    {
        string text = Generate().Out;
        JsonElement[] lines = Lines(Generate("--json"));
        JsonElement end = lines[^1];
        Assert.EndsWith("\n", text, StringComparison.Ordinal);
        Assert.Equal(text[..^1], string.Concat(lines[..^1].Select(x => x.GetProperty("text").GetString())));
        Assert.Equal("length", end.GetProperty("finish_reason").GetString());
        Assert.Equal(24, end.GetProperty("generated_tokens").GetInt32());
        Assert.Equal(24, lines[..^1].Sum(x => x.GetProperty("ids").GetArrayLength()));
        Assert.Equal("fox".Length + 1, end.GetProperty("prompt_tokens").GetInt32());
        Assert.True(end.GetProperty("is_demo").GetBoolean());
        Assert.True(end.GetProperty("tokens_per_second").GetDouble() > 0);
    }

    [Fact]
    public void A_seed_is_a_text()
    {
        string first = Generate("--seed", "1").Out;
        Assert.Equal(first, Generate("--seed", "1", "--threads", "1").Out);
        Assert.NotEqual(first, Generate("--seed", "2").Out);
        Assert.Equal(Generate("--greedy", "--seed", "1").Out, Generate("--temperature", "0", "--seed", "2").Out);
    }

    [Fact]
    public void A_stop_text_ends_it()
    {
        int[] ids = [.. Lines(Generate("--greedy", "--json"))[..^1].SelectMany(x => x.GetProperty("ids").EnumerateArray()).Select(x => x.GetInt32())];

        // A byte that spells a character of its own.
        int place = Array.FindIndex(ids, 1, x => x is > 4 + ' ' and < 4 + 127);
        Assert.True(place > 0);
        string stop = ((char)(ids[place] - 4)).ToString();
        JsonElement[] lines = Lines(Generate("--greedy", "--json", "--stop", "no such text", "--stop", stop));
        Assert.Equal("stop", lines[^1].GetProperty("finish_reason").GetString());
        Assert.Equal(stop, lines[^1].GetProperty("stopped_by").GetString());
        Assert.DoesNotContain(stop, string.Concat(lines[..^1].Select(x => x.GetProperty("text").GetString())), StringComparison.Ordinal);
    }

    [Fact]
    public void Biases_forbid_and_log_probabilities_tell()
    {
        JsonElement first = Lines(Generate("--greedy", "--json", "--log-probabilities", "2"))[0].GetProperty("log_probabilities")[0];
        int likeliest = first.GetProperty("id").GetInt32();
        JsonElement second = first.GetProperty("alternatives")[1];
        Assert.Equal(likeliest, first.GetProperty("alternatives")[0].GetProperty("id").GetInt32());
        Assert.True(first.GetProperty("log_probability").GetDouble() is < 0 and var most && most >= second.GetProperty("log_probability").GetDouble());
        JsonElement forbidden = Lines(Generate("--greedy", "--json", "--log-probabilities", "1", "--logit-bias", $"{likeliest}=-inf"))[0];
        Assert.Equal(second.GetProperty("id").GetInt32(), forbidden.GetProperty("log_probabilities")[0].GetProperty("id").GetInt32());
    }

    [Fact]
    public void Ids_are_taken_as_they_are() =>
        Assert.Equal(Generate("--greedy").Out, Tool.Run("generate", "--ids", "2,106,115,124", "--greedy", "--max-tokens", "24", "--quiet").Succeeds().Out);

    [Fact]
    public void A_chat_message_is_laid_out_as_one()
    {
        File.WriteAllText(_directory["system.txt"], "S");
        const string Layout = "<start_of_turn>user\nS\n\nfox<end_of_turn>\n<start_of_turn>model\n";
        JsonElement end = Lines(Generate("--chat", "--system", _directory["system.txt"], "--json"))[^1];
        Assert.Equal(1 + Layout.Length, end.GetProperty("prompt_tokens").GetInt32());
    }

    [RealModelFact]
    public void The_real_model_stops_at_the_end_of_its_turn()
    {
        JsonElement[] lines = Lines(Tool.Run("generate", "Hello", "--chat", "--json", "--max-tokens", "4", "--logit-bias", "106=100", "--model", TestFiles.RealModel!).Succeeds());
        Assert.Equal(10, lines[^1].GetProperty("prompt_tokens").GetInt32());
        Assert.Equal("stop", lines[^1].GetProperty("finish_reason").GetString());
        Assert.Equal("106", lines[^1].GetProperty("stopped_by").GetString());
    }

    [Theory]
    [InlineData("--temperature takes a number from 0 up, as in 1e-3, not 'hot'", "--temperature", "hot")]
    [InlineData("--temperature takes a number from 0 up, as in 1e-3, not '-1'", "--temperature", "-1")]
    [InlineData("--temperature takes a number from 0 up, as in 1e-3, not 'NaN'", "--temperature", "NaN")]
    [InlineData("--top-p takes a number above 0, at most 1, not '0'", "--top-p", "0")]
    [InlineData("--top-k takes a whole number", "--top-k", "0")]
    [InlineData("--min-p takes a number from 0 to 1, not '2'", "--min-p", "2")]
    [InlineData("--repetition-penalty takes a number above 0, not '0'", "--repetition-penalty", "0")]
    [InlineData("--seed takes a whole number, not 'x'", "--seed", "x")]
    [InlineData("--max-tokens takes a whole number", "--max-tokens", "0")]
    [InlineData("--logit-bias takes a token's id and a number, as in 106=-5, not '5'", "--logit-bias", "5")]
    [InlineData("--logit-bias takes a token's id and a number, as in 106=-5, not '5=inf'", "--logit-bias", "5=inf")]
    [InlineData("--stop takes a text, not an empty one", "--stop", "")]
    [InlineData("--greedy or --temperature, not both", "--greedy", "--temperature", "1")]
    [InlineData("--system goes with --chat", "--system", "f")]
    [InlineData("--log-probabilities goes with --json", "--log-probabilities", "1")]
    [InlineData("images are not supported: the model reads text alone", "--image", "cat.png")]
    public void Bad_options_are_named(string message, params string[] options) =>
        Assert.Contains(message, Tool.Run(["generate", "fox", .. options]).Fails(2), StringComparison.Ordinal);

    [Fact]
    public void A_bias_beyond_the_vocabulary_fails() =>
        Assert.Contains("logit bias", Generate(1, "--logit-bias", "99999=1").Fails(1), StringComparison.Ordinal);

    private static Outcome Generate(params string[] options) => Generate(0, options).Succeeds();

    private static Outcome Generate(int code, params string[] options)
    {
        Outcome outcome = Tool.Run(["generate", "fox", "--max-tokens", "24", "--quiet", .. options]);
        Assert.Equal(code, outcome.Code);
        return outcome;
    }

    private static JsonElement[] Lines(Outcome outcome) =>
        [.. outcome.Out.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(x => JsonSerializer.Deserialize<JsonElement>(x))];
}
