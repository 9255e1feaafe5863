using ManagedGemma.Hub.Layout;

namespace ManagedGemma.Hub.Tests;

/// <summary>Which files are wanted, and which names become paths.</summary>
public sealed class FileChoiceTests
{
    private static readonly string[] Listed =
    [
        ".gitattributes", "README.md", "LICENSE", "config.json", "generation_config.json", "tokenizer.json", "tokenizer.model", "chat_template.jinja",
        "model.safetensors.index.json", "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors", "consolidated.safetensors",
        "pytorch_model.bin", "consolidated.00.pth", "model-Q4_0.gguf", "logo.png", "onnx/model.onnx", "original/params.json", ".hidden.json",
        "text_encoder/model.safetensors", "text_encoder/config.json",
    ];

    [Fact]
    public void By_default_configuration_tokenizer_and_weights_at_the_root() => Assert.Equal(
        [
            "config.json", "generation_config.json", "tokenizer.json", "tokenizer.model", "chat_template.jinja",
            "model.safetensors.index.json", "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors",
        ],
        FileChoice.Of(Listed, HubSelection.Default, "a/b"));

    [Fact]
    public void Patterns_name_others() => Assert.Equal(
        ["text_encoder/model.safetensors"],
        FileChoice.Of(Listed, new HubSelection(["text_encoder/*", "nothing*"], ["*.json"]), "a/b"));

    [Fact]
    public void Excluding_leaves_the_default() => Assert.DoesNotContain(
        "tokenizer.model", FileChoice.Of(Listed, new HubSelection([], ["*.model"]), "a/b"));

    [Fact]
    public void Weights_of_another_name_count_when_there_are_no_others() => Assert.Equal(
        ["config.json", "consolidated.safetensors", "gemma.safetensors"],
        FileChoice.Of(["config.json", "consolidated.safetensors", "gemma.safetensors"], HubSelection.Default, "a/b"));

    [Theory]
    [InlineData("model.gguf", "model.gguf")]
    [InlineData("sub/model.safetensors", "sub/model.safetensors")]
    [InlineData("README.md", "2 files")]
    public void A_repository_without_weights_says_what_it_has(string file, string expected)
    {
        string message = Assert.Throws<GemmaException>(() => FileChoice.Of(["config.json", file], HubSelection.Default, "a/b")).Message;
        Assert.Contains("--include", message, StringComparison.Ordinal);
        Assert.Contains(expected, message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_pattern_without_a_file_is_told() => Assert.Contains(
        "nothing*", Assert.Throws<GemmaException>(() => FileChoice.Of(Listed, new HubSelection(["nothing*"], []), "a/b")).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("../config.json")]
    [InlineData("/etc/passwd.json")]
    [InlineData("a/../../b.json")]
    [InlineData("..\\config.json")]
    [InlineData("a//b.json")]
    [InlineData("./config.json")]
    [InlineData("a/.")]
    [InlineData("")]
    [InlineData("a\0.json")]
    public void A_list_with_a_name_that_leads_out_is_refused_whatever_is_wanted(string name) => Assert.Contains(
        "must not become a path",
        Assert.Throws<GemmaException>(() => FileChoice.Of(["config.json", "model.safetensors", name], HubSelection.Default, "a/b")).Message,
        StringComparison.Ordinal);

    [Theory]
    [InlineData("C:config.json")]
    [InlineData("a\\b.json")]
    [InlineData("a\n.json")]
    [InlineData("NUL.json")]
    [InlineData("com1.json")]
    [InlineData("a?.json")]
    [InlineData(" a.json")]
    public void An_odd_name_is_refused_when_it_is_wanted(string name)
    {
        string[] listed = ["config.json", "model.safetensors", name];
        GemmaException exception = Assert.Throws<GemmaException>(() => FileChoice.Of(listed, HubSelection.Default, "a/b"));
        Assert.DoesNotContain(exception.Message, char.IsControl);
        Assert.Equal(["config.json"], FileChoice.Of(listed, new HubSelection(["config.json"], []), "a/b"));
    }

    [Theory]
    [InlineData("config.json", true)]
    [InlineData("1_Pooling/config.json", true)]
    [InlineData("a b/ü+&%.json", true)]
    [InlineData("a.", false)]
    [InlineData("dir./a", false)]
    [InlineData("dir /a", false)]
    [InlineData("...", false)]
    [InlineData("a/aux", false)]
    public void Names_are_good_on_every_system(string name, bool isSafe) => Assert.Equal(isSafe, RepositoryFileName.IsSafe(name));

    [Fact]
    public void Names_have_an_end()
    {
        Assert.True(RepositoryFileName.IsSafe(new string('a', 255)));
        Assert.False(RepositoryFileName.IsSafe(new string('a', 256)));
        Assert.False(RepositoryFileName.IsSafe(new string('ü', 128)));
        Assert.False(RepositoryFileName.IsSafe(string.Join('/', Enumerable.Repeat("abc", 300))));
    }
}
