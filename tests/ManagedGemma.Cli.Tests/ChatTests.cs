using System.Text;
using System.Text.Json;
using ManagedGemma.Cli.Commands.Chat;
using ManagedGemma.Cli.Tests.Support;
using ManagedGemma.Conditioning;
using ManagedGemma.Generation;
using ManagedGemma.Generation.Chat;

namespace ManagedGemma.Cli.Tests;

/// <summary><c>chat</c> with lines from a pipe, and the conversation behind it.</summary>
public sealed class ChatTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void Messages_are_answered_and_saved()
    {
        Outcome outcome = Chat("hello", "", "//slash", $"/save {_directory["a.jsonl"]}", "/exit", "never read").Succeeds();
        (string Role, string Content)[] saved = Saved("a.jsonl");
        Assert.Equal(["user", "assistant", "user", "assistant"], saved.Select(x => x.Role));
        Assert.Equal(("hello", "/slash"), (saved[0].Content, saved[2].Content));
        Assert.Equal(EndOfLine(saved[1].Content) + EndOfLine(saved[3].Content), outcome.Out);
        Assert.Equal(outcome.Out, Chat("hello", "//slash").Succeeds().Out);
    }

    [Fact]
    public void Instructions_and_forgetting()
    {
        File.WriteAllText(_directory["system.txt"], "from a file");
        string save = $"/save {_directory["a.jsonl"]}";
        Chat(["--system", _directory["system.txt"]], "hello", save).Succeeds();
        Assert.Equal(("system", "from a file"), Saved("a.jsonl")[0]);
        Chat("hello", "/system be brief", "/clear", save).Succeeds();
        Assert.Equal([("system", "be brief")], Saved("a.jsonl"));
        Chat(["--system", _directory["system.txt"]], "/system", "hello", save).Succeeds();
        Assert.Equal("user", Saved("a.jsonl")[0].Role);

        // Forgotten is forgotten: the answer is a new conversation's.
        string[] answers = [Chat("hello").Out, Chat("bye", "/clear", "hello").Out, Chat("bye", "hello").Out];
        Assert.EndsWith(answers[0], answers[1], StringComparison.Ordinal);
        Assert.False(answers[2].EndsWith(answers[0], StringComparison.Ordinal));
    }

    [Fact]
    public void What_goes_wrong_does_not_end_the_chat()
    {
        Outcome outcome = Chat("/nonsense", "/save", $"/save {_directory["no"]}/such/file", "/help", "hello");
        Assert.Equal(1, outcome.Code);
        Assert.NotEmpty(outcome.Out);
        Assert.Contains("/nonsense: no such command", outcome.Error, StringComparison.Ordinal);
        Assert.Contains("/save takes a file's name", outcome.Error, StringComparison.Ordinal);
        Assert.Contains("/system TEXT", outcome.Error, StringComparison.Ordinal);
        Assert.Equal(3, outcome.ErrorLines.Count(x => x.StartsWith("managed-gemma: ", StringComparison.Ordinal) && !x.Contains("warning", StringComparison.Ordinal)));
    }

    [Fact]
    public void An_answer_that_is_cut_off_says_by_what()
    {
        Assert.Contains("(cut off by --max-tokens 3)", Tool.RunWithInput("hello\n"u8.ToArray(), "chat", "--greedy", "--max-tokens", "3").Error, StringComparison.Ordinal);
        using GemmaTextGenerator generator = GemmaTextGenerator.LoadDemo();
        using Conversation conversation = new(generator, new GenerationOptions { MaxTokens = 4, LogitBias = OnlyLetters() });
        GenerationUpdate end = conversation.Answer("hello", _ => { }, CancellationToken.None)!;
        Assert.Equal("cut off by --max-tokens 4", conversation.WhyCutOff(end));

        // Too long to be filled here: what the update would be.
        end = end with { Usage = end.Usage! with { GeneratedTokens = 3 } };
        Assert.Equal($"cut off: the model's context of {generator.ContextLength} tokens is full, /clear makes room", conversation.WhyCutOff(end));
    }

    [Fact]
    public void An_answer_goes_on_from_what_was_computed()
    {
        using GemmaTextGenerator generator = GemmaTextGenerator.LoadDemo();
        GenerationOptions options = new() { MaxTokens = 24, LogitBias = OnlyLetters() };
        using Conversation conversation = new(generator, options) { System = "S" };
        conversation.Answer("hello", _ => { }, CancellationToken.None);
        StringBuilder second = new();
        GenerationUpdate end = conversation.Answer("and now", text => second.Append(text), CancellationToken.None)!;
        Assert.Equal(["S", "hello", conversation.Turns[2].Text, "and now", second.ToString()], conversation.Turns.Select(x => x.Text));
        Assert.InRange(end.Usage!.PrefixTokens, 24, end.Usage.PromptTokens - 1);

        // As if all had been read anew.
        IReadOnlyList<ChatTurn> before = [.. conversation.Turns.Take(4)];
        Assert.Equal(generator.Complete(ChatTemplate.Tokenize(generator.Tokenizer, before), options).Text, second.ToString());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(5)]
    public void A_stopped_answer_ends_at_once_and_stays(int after)
    {
        using GemmaTextGenerator generator = GemmaTextGenerator.LoadDemo();
        using Conversation conversation = new(generator, new GenerationOptions { MaxTokens = 100_000, LogitBias = OnlyLetters() });
        using CancellationTokenSource stop = new();
        List<string> shown = [];
        GenerationUpdate? end = conversation.Answer(
            "hello",
            text =>
            {
                shown.Add(text);
                if (shown.Count == after)
                {
                    // The model runs ahead meanwhile.
                    Thread.Sleep(100);
                    stop.Cancel();
                }
            },
            stop.Token);
        Assert.Null(end);
        Assert.Equal(after, shown.Count);
        Assert.Equal(["hello", string.Concat(shown)], conversation.Turns.Select(x => x.Text));
    }

    [Fact]
    public void A_message_that_got_no_answer_was_not_said()
    {
        using GemmaTextGenerator generator = GemmaTextGenerator.LoadDemo();
        using Conversation conversation = new(generator, new GenerationOptions());
        using CancellationTokenSource stop = new();
        stop.Cancel();
        Assert.Null(conversation.Answer("hello", _ => { }, stop.Token));
        Assert.Empty(conversation.Turns);
        Assert.Throws<GemmaException>(() => conversation.Answer(new string('a', 200_000), _ => { }, CancellationToken.None));
        Assert.Empty(conversation.Turns);
        Assert.NotNull(conversation.Answer("hello", _ => { }, CancellationToken.None));
    }

    // Letters a to z: whole characters, nothing that stops.
    private static Dictionary<int, double> OnlyLetters() =>
        Enumerable.Range(0, 320).Where(x => x is < 4 + 'a' or > 4 + 'z').ToDictionary(x => x, _ => double.NegativeInfinity);

    private static string EndOfLine(string answer) => answer.EndsWith('\n') || answer.Length == 0 ? answer : answer + "\n";

    private static Outcome Chat(params string[] lines) => Chat([], lines);

    private static Outcome Chat(string[] options, params string[] lines) => Tool.RunWithInput(
        Encoding.UTF8.GetBytes(string.Join('\n', lines) + "\n"), ["chat", "--greedy", "--max-tokens", "24", "--quiet", .. options]);

    private (string Role, string Content)[] Saved(string name) =>
    [
        .. File.ReadLines(_directory[name]).Select(line =>
        {
            JsonElement message = JsonSerializer.Deserialize<JsonElement>(line);
            return (message.GetProperty("role").GetString()!, message.GetProperty("content").GetString()!);
        }),
    ];
}
