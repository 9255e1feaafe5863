using System.Text;
using ManagedGemma.Cli.Commands.Chat;
using ManagedGemma.Cli.Tests.Support;
using ManagedGemma.Generation.Chat;

namespace ManagedGemma.Cli.Tests;

/// <summary>What <c>/save</c> wrote, taken up again by <c>/load</c> and <c>--load</c>; the file is a stranger's.</summary>
public sealed class ChatLoadTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    private string Saved => _directory["a.jsonl"];

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData("--greedy")]
    [InlineData("--seed", "7", "--temperature", "2")]
    public void A_loaded_conversation_goes_on_as_if_it_had_not_ended(params string[] options)
    {
        string whole = Chat(options, "/system be brief", "hello", "\tand \"now\"", $"/save {Saved}", "go on").Succeeds().Out;
        string first = Chat(options, "/system be brief", "hello", "\tand \"now\"").Succeeds().Out;
        Assert.StartsWith(first, whole, StringComparison.Ordinal);
        string rest = whole[first.Length..];
        Assert.NotEmpty(rest);
        Assert.NotEqual(rest, Chat(options, "go on").Succeeds().Out);

        Assert.Equal(rest, Chat([.. options, "--load", Saved], "go on").Succeeds().Out);
        Assert.Equal(rest, Chat(options, $"/load {Saved}", "go on").Succeeds().Out);

        // In place of what was there, instructions included.
        string other = Chat(options, "/system be long", "bye").Succeeds().Out;
        Assert.Equal(other + rest, Chat(options, "/system be long", "bye", $"/load {Saved}", "go on").Succeeds().Out);
    }

    [Fact]
    public void Saving_what_was_loaded_gives_the_same_file()
    {
        File.WriteAllLines(Saved, [Line("system", "be\n\"brief\""), Line("user", "é \\u0007 👩‍🚀 \u2028"), Line("assistant", string.Empty)]);
        string copy = _directory["b.jsonl"];
        Chat(["--load", Saved], $"/save {copy}").Succeeds();
        IReadOnlyList<ChatTurn> read = ConversationFile.Read(copy);
        Assert.Equal(["be\n\"brief\"", "é \a 👩‍🚀 \u2028", string.Empty], read.Select(x => x.Text));
        Assert.Equal([ChatSpeaker.System, ChatSpeaker.User, ChatSpeaker.Assistant], read.Select(x => x.Speaker));
        Assert.Equal(ConversationFile.Read(Saved).Select(x => x.Text), read.Select(x => x.Text));

        // An empty conversation is one too.
        Chat([], "/save " + copy).Succeeds();
        Assert.Equal(0, new FileInfo(copy).Length);
        Chat([], "hello", $"/load {copy}", $"/save {Saved}").Succeeds();
        Assert.Equal(0, new FileInfo(Saved).Length);
    }

    [Fact]
    public void The_instructions_of_the_option_stand_in_place_of_the_files()
    {
        File.WriteAllLines(Saved, [Line("system", "from the file"), Line("user", "a"), Line("assistant", "b")]);
        File.WriteAllText(_directory["system.txt"], "from the option");
        Chat(["--load", Saved, "--system", _directory["system.txt"]], $"/save {Saved}").Succeeds();
        Assert.Equal(["from the option", "a", "b"], ConversationFile.Read(Saved).Select(x => x.Text));

        // A file without instructions takes those away that were there.
        File.WriteAllLines(Saved, [Line("user", "a"), Line("assistant", "b")]);
        Chat([], "/system here", $"/load {Saved}", $"/save {Saved}").Succeeds();
        Assert.Equal(["a", "b"], ConversationFile.Read(Saved).Select(x => x.Text));
    }

    [Fact]
    public void The_end_of_what_was_said_is_shown()
    {
        File.WriteAllLines(Saved, [Line("system", "be brief"), Line("user", "hello"), Line("assistant", "Hi,\\nthere \\u001b[2J.")]);
        Outcome outcome = Tool.RunWithInput([], "chat", "--load", Saved);
        Assert.Equal([$"3 messages loaded from {Saved}.", "/system be brief", "> hello", "Hi,", "there [2J."], outcome.Succeeds().ErrorLines.TakeLast(5));
        Assert.Empty(outcome.Out);
        Assert.DoesNotContain("hello", Chat(["--load", Saved]).Error, StringComparison.Ordinal);
        Assert.Contains("/load FILE", Chat([], "/help").Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Only_the_last_lines_are_shown_and_their_beginnings()
    {
        string lines = string.Join('\n', Enumerable.Range(0, 20).Select(x => $"line {x}"));
        IReadOnlyList<string> end = Transcript.End([new(ChatSpeaker.User, "first"), new(ChatSpeaker.Assistant, lines)]);
        Assert.Equal(["…", .. Enumerable.Range(12, 8).Select(x => $"line {x}")], end);
        end = Transcript.End([new(ChatSpeaker.User, new string('a', 399) + "🦊"), new(ChatSpeaker.Assistant, lines[..20])]);
        Assert.Equal(["> " + new string('a', 399) + "…", "line 0", "line 1", "line 2"], end.Take(4));
        Assert.Empty(Transcript.End([]));
    }

    public static TheoryData<string, string> Wrong() => new()
    {
        { "line 2: the line is not JSON", "\n{" },
        { "line 1: the line is not one JSON object", "[]" },
        { "line 1: the line is not JSON", "{} {}" },
        { "line 1: the line has no string \"role\"", "{\"content\": \"a\"}" },
        { "line 1: the line has no string \"role\"", "{\"role\": 1, \"content\": \"a\"}" },
        { "line 1: the line has no string \"content\"", "{\"role\": \"user\"}" },
        { "line 1: the line has no string \"content\"", "{\"role\": \"user\", \"content\": [{\"type\": \"text\", \"text\": \"a\"}]}" },
        { "line 1: \"role\" is \"tool\", not system, user or assistant", Line("tool", "a") },
        { $"\"role\" is \"{new string('x', 40)}…\"", Line(new string('x', 100_000), "a") },
        { "line 1: the text is not valid Unicode", Line("user", "\\ud83e") },
        { "line 1: \"role\": not this one's turn (expected user, found assistant)", Line("assistant", "a") },
        { "line 2: \"role\": not this one's turn (expected assistant, found user)", Line("user", "a") + "\n" + Line("user", "a") },
        { "line 2: \"role\": not this one's turn (expected user, found system)", Line("system", "a") + "\n" + Line("system", "a") },
        { "line 2: \"role\": not this one's turn (expected user, found assistant)", Line("system", "a") + "\n" + Line("assistant", "a") },
        { "\"role\": the last message has no answer (expected assistant, found user)", Line("user", "a") },
        { "line 1: the line is not JSON", "PK\u0003\u0004\0\0" },
    };

    [Theory]
    [MemberData(nameof(Wrong))]
    public void A_file_that_is_no_conversation_is_refused_and_the_present_one_stays(string expected, string content)
    {
        File.WriteAllText(Saved, content);
        string save = _directory["kept.jsonl"];
        Outcome outcome = Chat([], "hello", $"/load {Saved}", $"/save {save}");
        Assert.Equal(1, outcome.Code);
        Assert.Contains($"managed-gemma: {Saved}: ", outcome.Error, StringComparison.Ordinal);
        Assert.Contains(expected, outcome.Error, StringComparison.Ordinal);
        Assert.Equal("hello", ConversationFile.Read(save)[0].Text);
        Assert.Contains(expected, Chat(["--load", Saved], "hello").Fails(1), StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_is_not_there_is_named()
    {
        Assert.Contains("no.jsonl: the file does not exist", Chat(["--load", _directory["no.jsonl"]]).Fails(1), StringComparison.Ordinal);
        Assert.Contains("this is a directory, not a file", Chat(["--load", _directory.Path]).Fails(1), StringComparison.Ordinal);
        Assert.Contains("/load takes a file's name", Chat([], "/load ").Error, StringComparison.Ordinal);
    }

    // The text as JSON has it: escapes are the caller's.
    private static string Line(string role, string content)
    {
        string escaped = content.Replace("\n", "\\n", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal);
        return $"{{\"role\": \"{role}\", \"content\": \"{escaped}\"}}";
    }

    private static Outcome Chat(string[] options, params string[] lines)
    {
        string[] sampling = options.Contains("--seed") ? [] : ["--greedy"];
        return Tool.RunWithInput(
            Encoding.UTF8.GetBytes(string.Concat(lines.Select(x => x + "\n"))),
            ["chat", "--max-tokens", "24", "--quiet", .. sampling, .. options.Where(x => x != "--greedy")]);
    }
}
