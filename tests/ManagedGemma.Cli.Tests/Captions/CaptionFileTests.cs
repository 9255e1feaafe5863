using System.Text;
using ManagedGemma.Cli.Hosting;
using ManagedGemma.Cli.Input;
using ManagedGemma.Cli.Input.Captions;
using ManagedGemma.Cli.Tests.Support;

namespace ManagedGemma.Cli.Tests.Captions;

public sealed class CaptionFileTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void Csv_with_nasty_quoting()
    {
        const string Text = "\uFEFFid,caption,media_path\r\n"
            + "1,\"A \"\"red\"\" fox,\r\nin two lines\", clips/one.mp4 \r\n"
            + "\r\n"
            + "2,a 5\" pipe,\"clips/a,b.mov\"\r\n"
            + "3,too,many,fields\r\n"
            + "4,few\r\n"
            + "5,\"bad\"quote,x.mp4\r\n"
            + "6,,empty.mp4\r\n"
            + "7,up,../up.mp4\r\n"
            + "8,again,clips/one.mov\r\n"
            + "9,\"never closed,z.mp4\r\n";
        Assert.Equal(
            [
                "2 clips/one: A \"red\" fox,\r\nin two lines",
                "5 clips/a,b: a 5\" pipe",
                "6! line 6: the record has 4 fields, the column names are 3",
                "7! line 7: the record has 2 fields, the column names are 3",
                "8! line 8: something follows a closing quote",
                "9 empty: ",
                "10! line 10: the media path has \"..\"; its output could lie outside the output's directory",
                "11! line 11: line 2 has the same output, clips/one",
                "12! line 12: a quote is not closed",
            ],
            Read("a.csv", Text));
    }

    [Fact]
    public void Columns_may_have_other_names()
    {
        const string Text = "video,text\nv/a.mp4,one\n";
        Assert.Equal(["2 v/a: one"], Read("a.csv", Text, new CaptionColumns("text", "video")));
        GemmaException exception = Assert.Throws<GemmaException>(() => Read("b.csv", Text));
        Assert.Equal(("caption", "video, text", "line 1"), (exception.Expected, exception.Found, exception.Subject));
        Assert.Equal(["1 v/a: one"], Read("a.jsonl", "{\"video\": \"v/a.mp4\", \"text\": \"one\"}", new CaptionColumns("text", "video")));
    }

    [Fact]
    public void Json_with_nasty_entries()
    {
        const string Text = """
            [
              {"caption": "A \"red\" fox,\nin two lines \u00e9", "media_path": "clips/one.mp4", "more": {"x": [1]}},
              {"media_path": "two.mp4"}, {"caption": "no path"},
              7,
              {"caption": 7,
               "media_path": "three.mp4"},
              {"caption": "half \ud800", "media_path": "four.mp4"},
              {"caption": "", "media_path": "five.mp4"},
              {"caption": "absolute", "media_path": "/six.mp4"},
              [{"caption": "in a list", "media_path": "seven.mp4"}]
            ]
            """;
        Assert.Equal(
            [
                "2 clips/one: A \"red\" fox,\nin two lines é",
                "3! line 3: the entry has no \"caption\"",
                "3! line 3: the entry has no \"media_path\"",
                "4! line 4: the entry is no JSON object",
                "5! line 5: \"caption\" is not a string",
                "7! line 7: the text is not valid Unicode",
                "8 five: ",
                "9! line 9: the media path is absolute; its output would lie outside the output's directory",
                "10! line 10: the entry is no JSON object",
            ],
            Read("a.json", Text));
    }

    [Theory]
    [InlineData("", "JSON")]
    [InlineData("{\"caption\": \"a\", \"media_path\": \"b\"}", "list")]
    [InlineData("[{\"caption\": \"a\", \"media_path\": \"b\"}", "JSON")]
    [InlineData("[] []", "JSON")]
    [InlineData("[]", "no captions")]
    public void What_is_no_list_is_refused(string text, string part) =>
        Assert.Contains(part, Assert.Throws<GemmaException>(() => Read("a.json", text)).Message, StringComparison.Ordinal);

    [Fact]
    public void Json_lines_with_nasty_lines()
    {
        const string Text = "\uFEFF{\"caption\": \"one\", \"media_path\": \"a/1.mp4\"}\r\n\n  \n{\"caption\": \"two\", \"media_path\": \"a/1.webm\"}\n"
            + "{\"caption\": \"three\"\n[]\n{\"caption\": \"four\", \"media_path\": \"4.mp4\"} {}\n{\"caption\": \"five\", \"media_path\": \"5\"}";
        Assert.Equal(
            [
                "1 a/1: one",
                "4! line 4: line 1 has the same output, a/1",
                "5! line 5: the line is not one JSON object",
                "6! line 6: the entry is no JSON object",
                "7! line 7: the line is not one JSON object",
                "8 5: five",
            ],
            Read("a.jsonl", Text));
    }

    [Fact]
    public void Text_is_named_by_lines_and_a_bad_line_is_one_problem()
    {
        byte[] bytes = [.. "one, \"two\"\n\n"u8, 0xFF, .. "\n{\"caption\": 1}\r\n"u8];
        File.WriteAllBytes(_directory["a.txt"], bytes);
        Assert.Equal(
            ["1 000001: one, \"two\"", "3! line 3: the line is not UTF-8: a bad byte at position 0", "4 000004: {\"caption\": 1}"], ReadFile("a.txt"));
        File.WriteAllBytes(_directory["a.csv"], bytes);
        Assert.Contains("not UTF-8", Assert.Throws<GemmaException>(() => ReadFile("a.csv")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_name_says_the_format_or_an_option_does()
    {
        Assert.Equal(["1 000001: x"], Read("a.TXT", "x"));
        Assert.Throws<UsageException>(() => Read("a.parquet", "x"));
        Assert.Equal(["1 000001: x"], Read("a.parquet", "x", format: CaptionFormat.Text));
        Assert.Contains("does not exist", Assert.Throws<GemmaException>(() => ReadFile("no.csv")).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("1/1", 1, 1)]
    [InlineData("3/4", 3, 4)]
    [InlineData("0/4", 0, 0)]
    [InlineData("5/4", 0, 0)]
    [InlineData("1/0", 0, 0)]
    [InlineData("-1/4", 0, 0)]
    [InlineData("1/100001", 0, 0)]
    [InlineData("1/2/3", 0, 0)]
    [InlineData("a/b", 0, 0)]
    [InlineData("", 0, 0)]
    public void Shards_are_parts_and_their_number(string text, int index, int count) =>
        Assert.Equal(index == 0 ? null : new Shard(index, count), Shard.Parse(text));

    private string[] Read(string name, string text, CaptionColumns? columns = null, CaptionFormat format = CaptionFormat.Auto)
    {
        File.WriteAllText(_directory[name], text, new UTF8Encoding(false));
        return ReadFile(name, columns, format);
    }

    private string[] ReadFile(string name, CaptionColumns? columns = null, CaptionFormat format = CaptionFormat.Auto)
    {
        Host host = new()
        {
            Input = () => Stream.Null,
            IsInputRedirected = true,
            Out = TextWriter.Null,
            IsOutTerminal = false,
            Error = TextWriter.Null,
            IsErrorTerminal = false,
        };
        IReadOnlyList<BatchLine> lines = CaptionFile.Read(_directory[name], format, columns ?? CaptionColumns.Default, host, CancellationToken.None);
        return
        [
            .. lines.Select(x => x.Problem is { } problem
                ? $"{x.Number}! {problem.Message.Replace(_directory[name] + ": ", string.Empty, StringComparison.Ordinal)}"
                : $"{x.Number} {x.Name}: {x.Prompt!.Text}"),
        ];
    }
}
