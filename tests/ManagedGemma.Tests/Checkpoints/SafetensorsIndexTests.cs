using System.Text;
using System.Text.Json;
using ManagedGemma.Checkpoints;

namespace ManagedGemma.Tests.Checkpoints;

public sealed class SafetensorsIndexTests
{
    [Fact]
    public void Files_come_once_and_in_order()
    {
        SafetensorsIndex index = Parse("{\"metadata\":{\"x\":[{}]},\"weight_map\":{\"a\":\"2.safetensors\",\"b\":\"1.safetensors\",\"c\":\"2.safetensors\"}}");
        Assert.Equal(["2.safetensors", "1.safetensors"], index.Files);
        Assert.Equal(["a", "b", "c"], index.Tensors.Select(x => x.Key));
        Assert.Equal(["2.safetensors", "1.safetensors", "2.safetensors"], index.Tensors.Select(x => x.Value));
    }

    [Theory]
    [InlineData("")]
    [InlineData(".")]
    [InlineData("..")]
    [InlineData("...")]
    [InlineData(". .")]
    [InlineData("../a")]
    [InlineData("/a")]
    [InlineData("a/b")]
    [InlineData("a/")]
    [InlineData("..\\a")]
    [InlineData("C:a")]
    [InlineData("a\0")]
    public void A_name_that_is_not_a_bare_file_name_is_refused(string name)
    {
        GemmaException exception = Assert.Throws<GemmaException>(() => Parse($"{{\"weight_map\":{{\"a\":\"{JsonEncodedText.Encode(name)}\"}}}}"));
        Assert.Contains("index.json: a: the index names a file outside the directory", exception.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "the index is not JSON")]
    [InlineData("[]", "the index is not an object")]
    [InlineData("{}", "weight_map: the key is missing")]
    [InlineData("{\"weight_map\":[]}", "weight_map: is not an object")]
    [InlineData("{\"weight_map\":{},\"weight_map\":{}}", "weight_map: the key is given twice")]
    [InlineData("{\"weight_map\":{}} {}", "the index is not JSON")]
    [InlineData("{\"weight_map\":{\"a\":1}}", "a: the file's name is not text")]
    [InlineData("{\"weight_map\":{\"a\":\"x\",\"a\":\"x\"}}", "a: duplicate tensor name")]
    [InlineData("{\"weight_map\":{\"a\":\"\\ud800\"}}", "the index holds text that is not Unicode")]
    public void Other_faults_are_named(string json, string says) =>
        Assert.Contains(says, Assert.Throws<GemmaException>(() => Parse(json)).Message, StringComparison.Ordinal);

    private static SafetensorsIndex Parse(string json) => SafetensorsIndex.Parse(Encoding.UTF8.GetBytes(json), "index.json");
}
