using System.Text.Json;
using ManagedGemma.Checkpoints;
using ManagedGemma.Generation.Chat;
using ManagedGemma.Tests.Support;
using ManagedGemma.Tokenization;

namespace ManagedGemma.Tests.Generation.Chat;

/// <summary>Conversations against what the model's own template makes of them.</summary>
public sealed class ChatTemplateTests
{
    private static readonly ChatTurn Hello = new(ChatSpeaker.User, "Hello");

    [GoldensFact]
    public void Renders_as_the_original()
    {
        int errors = 0, texts = 0;
        foreach ((JsonElement @case, ChatTurn[] turns, bool beginAnswer) in Cases())
        {
            if (@case.TryGetProperty("error", out JsonElement error))
            {
                GemmaException exception = Assert.Throws<GemmaException>(() => ChatTemplate.Render(turns, beginAnswer));
                Assert.Contains(error.GetString()!["TemplateError: ".Length..], exception.Message, StringComparison.Ordinal);
                errors++;
            }
            else
            {
                Assert.Equal(@case.GetProperty("text").GetString(), ChatTemplate.Render(turns, beginAnswer));
                texts++;
            }
        }

        Assert.Equal((4, 24), (errors, texts));
    }

    [RealModelFact]
    public void Tokenises_as_the_original()
    {
        if (TestFiles.Goldens is null)
        {
            return;
        }

        GemmaTokenizer tokenizer = GemmaTokenizer.LoadFor(TestFiles.RealModel!);
        foreach ((JsonElement @case, ChatTurn[] turns, bool beginAnswer) in Cases())
        {
            if (@case.TryGetProperty("ids", out JsonElement ids))
            {
                Assert.Equal(ids.EnumerateArray().Select(x => x.GetInt32()), ChatTemplate.Tokenize(tokenizer, turns, beginAnswer));
            }
        }

        Assert.Equal([1, 106], ChatTemplate.StopIds(tokenizer, [1]));
        Assert.Equal([1, 106], ChatTemplate.StopIds(tokenizer, [1, 106]));
    }

    // Without the goldens this much must hold: written down by hand from the template.
    [Fact]
    public void Renders_a_conversation()
    {
        ChatTurn[] turns = [new(ChatSpeaker.System, " s "), new(ChatSpeaker.User, " a\u001f"), new(ChatSpeaker.Assistant, "b\n"), Hello];
        Assert.Equal(
            "<bos><start_of_turn>user\n s \n\na<end_of_turn>\n<start_of_turn>model\nb<end_of_turn>\n<start_of_turn>user\nHello<end_of_turn>\n<start_of_turn>model\n",
            ChatTemplate.Render(turns));
    }

    // The template reads content[0] of a system message, and every part of the others, each trimmed by itself.
    [Fact]
    public void Of_instructions_in_parts_the_first_counts_and_of_messages_all()
    {
        ChatPart[] parts = [ChatPart.Of(" a "), ChatPart.Of(" b ")];
        Assert.Equal(
            "<bos><start_of_turn>user\n a \n\nab<end_of_turn>\n",
            ChatTemplate.Render([new(ChatSpeaker.System, parts), new(ChatSpeaker.User, parts)], beginAnswer: false));
    }

    [Fact]
    public void Begins_with_one_bos_whatever_the_vocabulary()
    {
        int[] ids = ChatTemplate.Tokenize(new ByteTokenizer(), [Hello]);
        Assert.Equal(2, ids[0]);
        Assert.Equal("<start_of_turn>user\nHello<end_of_turn>\n<start_of_turn>model\n", new ByteTokenizer().Decode(ids[1..]));
        Assert.Equal([1], ChatTemplate.StopIds(new ByteTokenizer(), [1]));
    }

    [Fact]
    public void Refuses_images_by_name()
    {
        ChatTurn[] turns = [new(ChatSpeaker.User, [ChatPart.Image, ChatPart.Of("what is this?")])];
        Assert.Contains("<start_of_image>what", ChatTemplate.Render(turns), StringComparison.Ordinal);
        GemmaException exception = Assert.Throws<GemmaException>(() => ChatTemplate.Tokenize(new ByteTokenizer(), turns));
        Assert.Equal("message 1: images are not supported (expected text, found an image)", exception.Message);
    }

    [Fact]
    public void Refuses_what_is_no_conversation()
    {
        Assert.Contains("no messages", Assert.Throws<GemmaException>(() => ChatTemplate.Render([])).Message, StringComparison.Ordinal);
        Assert.Equal(
            "message 2: Conversation roles must alternate user/assistant/user/assistant/... (expected assistant, found user)",
            Assert.Throws<GemmaException>(() => ChatTemplate.Render([Hello, Hello])).Message);
        Assert.EndsWith(
            "(expected user, found assistant)",
            Assert.Throws<GemmaException>(() => ChatTemplate.Render([new(ChatSpeaker.System, "s"), new(ChatSpeaker.Assistant, "a")])).Message,
            StringComparison.Ordinal);
    }

    private static IEnumerable<(JsonElement Case, ChatTurn[] Turns, bool BeginAnswer)> Cases()
    {
        foreach (string line in File.ReadLines(Path.Combine(TestFiles.Goldens!, "chat", "cases.jsonl")))
        {
            using JsonDocument document = JsonDocument.Parse(line);
            JsonElement @case = document.RootElement.Clone();
            yield return (@case, [.. @case.GetProperty("messages").EnumerateArray().Select(Turn)], @case.GetProperty("add_generation_prompt").GetBoolean());
        }
    }

    private static ChatTurn Turn(JsonElement message)
    {
        ChatSpeaker speaker = Enum.Parse<ChatSpeaker>(message.GetProperty("role").GetString()!, ignoreCase: true);
        JsonElement content = message.GetProperty("content");
        return content.ValueKind == JsonValueKind.String
            ? new ChatTurn(speaker, content.GetString()!)
            : new ChatTurn(speaker, [.. content.EnumerateArray().Select(x => ChatPart.Of(x.GetProperty("text").GetString()!))]);
    }
}
