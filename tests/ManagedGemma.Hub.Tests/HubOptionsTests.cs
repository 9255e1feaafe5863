using ManagedGemma.Cli.Tests.Support;

namespace ManagedGemma.Hub.Tests;

/// <summary>What the environment says.</summary>
public sealed class HubOptionsTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData("HF_TOKEN=own|HF_HOME={0}", "own")]
    [InlineData("HF_TOKEN= own\n|HF_HOME={0}", "own")]
    [InlineData("HF_HOME={0}", "stored")]
    [InlineData("HF_TOKEN=|HF_HOME={0}", "stored")]
    [InlineData("HF_HOME={0}|HF_TOKEN_PATH={0}/other", "other")]
    [InlineData("XDG_CACHE_HOME={0}/cache", "cached")]
    [InlineData("HOME={0}", null)]
    public void The_token_is_given_or_stored(string environment, string? expected)
    {
        File.WriteAllText(_directory["token"], "stored\n");
        File.WriteAllText(_directory["other"], "other");
        Directory.CreateDirectory(_directory["cache/huggingface"]);
        File.WriteAllText(_directory["cache/huggingface/token"], "cached");
        Assert.Equal(expected, HubOptions.FromEnvironment(Variables(environment)).Token);
    }

    [Theory]
    [InlineData("hf_a\r\nX-Evil: 1")]
    [InlineData("hf a")]
    [InlineData("hf_é")]
    public void What_cannot_be_a_token_is_refused_unseen(string token)
    {
        string message = Assert.Throws<GemmaException>(() => HubOptions.FromEnvironment(name => name == "HF_TOKEN" ? token : null)).Message;
        Assert.StartsWith("HF_TOKEN: ", message, StringComparison.Ordinal);
        Assert.DoesNotContain(token, message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("not an address")]
    [InlineData("ftp://huggingface.co")]
    [InlineData("/huggingface.co")]
    public void An_endpoint_is_an_address(string endpoint) => Assert.Contains(
        "HF_ENDPOINT",
        Assert.Throws<GemmaException>(() => HubOptions.FromEnvironment(name => name == "HF_ENDPOINT" ? endpoint : null)).Message,
        StringComparison.Ordinal);

    [Fact]
    public void Everything_has_a_default()
    {
        HubOptions options = HubOptions.FromEnvironment(_ => null);
        Assert.Equal(new Uri("https://huggingface.co"), options.Endpoint);
        Assert.Null(options.Token);
        Assert.Null(options.CacheDirectory);
        Assert.False(options.Offline);
    }

    [Fact]
    public void The_rest_is_read_too()
    {
        HubOptions options = HubOptions.FromEnvironment(Variables("HF_ENDPOINT=https://mirror.example/hf/|HF_HUB_CACHE={0}/c|HF_HUB_OFFLINE=1"));
        Assert.Equal("https://mirror.example/hf/", options.Endpoint.ToString());
        Assert.Equal(_directory["c"], options.CacheDirectory);
        Assert.True(options.Offline);
    }

    private Func<string, string?> Variables(string environment)
    {
        Dictionary<string, string> variables = environment.Split('|')
            .Select(x => x.Replace("{0}", _directory.Path, StringComparison.Ordinal).Split('=', 2))
            .ToDictionary(x => x[0], x => x[1]);
        return variables.GetValueOrDefault;
    }
}
