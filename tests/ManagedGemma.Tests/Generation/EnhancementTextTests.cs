using System.Text.Json;
using ManagedGemma.Generation.Chat;
using ManagedGemma.Generation.Enhancement;
using ManagedGemma.Tests.Support;
using ManagedGemma.Tokenization;

namespace ManagedGemma.Tests.Generation;

/// <summary>What is asked of the model, and what is made of its answer, against ltx-core's own.</summary>
public sealed class EnhancementTextTests
{
    [Fact]
    public void Asks_as_the_original()
    {
        List<string> modes = [];
        foreach (JsonElement @case in Cases("chat.jsonl"))
        {
            string Text(string name) => @case.GetProperty(name).GetString()!;
            modes.Add(Text("mode"));
            EnhancementInput input = Text("mode") == "t2v" ? EnhancementInput.Text : EnhancementInput.TextAndImage;
            IReadOnlyList<ChatTurn> turns = EnhancementText.Messages(Text("prompt"), Text("system"), input);
            Assert.Equal(Text("text"), ChatTemplate.Render(turns));
        }

        Assert.Equal(["t2v", "t2v", "t2v", "i2v"], modes);
    }

    [Fact]
    public void Cleans_as_the_original()
    {
        int count = 0;
        foreach (JsonElement @case in Cases("clean_response.jsonl"))
        {
            Assert.Equal(@case.GetProperty("output").GetString(), EnhancementText.Clean(@case.GetProperty("input").GetString()!));
            count++;
        }

        Assert.Equal(14, count);
    }

    [Fact]
    public void Every_mapped_character_becomes_its_like() =>
        Assert.Equal("a''\"\"-- '-\u2033\u2026", EnhancementText.Clean("a\u2018\u2019\u201C\u201D\u2014\u2013\u00A0\u2032\u2212\u2033\u2026"));

    [Fact]
    public void An_image_is_refused_when_tokens_are_asked_for() =>
        Assert.Contains(
            "images are not supported",
            Assert.Throws<GemmaException>(
                () => ChatTemplate.Tokenize(new ByteTokenizer(), EnhancementText.Messages("a fox", null, EnhancementInput.TextAndImage))).Message,
            StringComparison.Ordinal);

    // The layout puts instructions and prompt side by side: nothing in the default may look like a turn of its own or end in white space.
    [Fact]
    public void The_default_instructions_are_plain_text()
    {
        Assert.DoesNotContain('<', EnhancementText.DefaultSystem);
        Assert.DoesNotContain('\r', EnhancementText.DefaultSystem);
        Assert.Equal(EnhancementText.DefaultSystem, EnhancementText.DefaultSystem.Trim());
        Assert.Contains(EnhancementText.DefaultSystem + "\n\nuser prompt: a fox<", ChatTemplate.Render(EnhancementText.Messages("a fox")), StringComparison.Ordinal);
    }

    private static IEnumerable<JsonElement> Cases(string file)
    {
        foreach (string line in File.ReadLines(Path.Combine(TestFiles.Fixtures, "ltx", "enhance", file)))
        {
            using JsonDocument document = JsonDocument.Parse(line);
            yield return document.RootElement.Clone();
        }
    }
}
