using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using ManagedGemma.Hub.Tests.Support;

namespace ManagedGemma.Hub.Tests;

/// <summary>What servers refuse, and what the messages make of it.</summary>
public sealed class RefusalTests : IDisposable
{
    private const string Token = "hf_AbCdEfGhIjKlMnOpQrStUvWxYz012345";

    private readonly FakeHub _hub = new();
    private readonly HubCacheFiles _cache = new();

    public void Dispose()
    {
        _hub.Dispose();
        _cache.Dispose();
    }

    [Theory]
    [InlineData(401, "GatedRepo", false, "accept its licence at ENDPOINT/owner/model-4bit, then set HF_TOKEN")]
    [InlineData(403, "GatedRepo", true, "accept its licence at ENDPOINT/owner/model-4bit, then use a token (HF_TOKEN) of the account")]
    [InlineData(401, "RepoNotFound", false, "no such public repository; if it is private or gated, set HF_TOKEN")]
    [InlineData(401, null, true, "refuses the token, or there is no such repository")]
    [InlineData(403, null, true, "accept its licence at ENDPOINT/owner/model-4bit")]
    [InlineData(404, "RepoNotFound", true, "no such repository")]
    [InlineData(404, "RevisionNotFound", false, "no revision main")]
    [InlineData(404, null, false, "no such repository or revision")]
    [InlineData(410, null, false, "the server refuses (found HTTP 410")]
    [InlineData(403, "DisabledRepo", false, "disabled")]
    public async Task A_refusal_says_what_to_do(int status, string? code, bool hasToken, string expected)
    {
        _hub.OnHub = _ => TestAnswer.Error(status, code, "as you like");
        string message = await FailsAsync(hasToken ? Token : null);
        Assert.StartsWith("owner/model-4bit: ", message, StringComparison.Ordinal);
        Assert.Contains(expected.Replace("ENDPOINT", _hub.Server.Address.ToString().TrimEnd('/'), StringComparison.Ordinal), message, StringComparison.Ordinal);
        Assert.Contains($"HTTP {status}, as you like", message, StringComparison.Ordinal);
        Assert.Single(_hub.Server.Requests);
    }

    [Theory]
    [InlineData(404, "EntryNotFound", "no such file")]
    [InlineData(401, "GatedRepo", "accept its licence")]
    public async Task A_refused_file_is_named(int status, string code, string expected)
    {
        _hub.OnHub = request => request.Method == "HEAD" && request.Path.EndsWith("tokenizer.json", StringComparison.Ordinal) ? TestAnswer.Error(status, code) : null;
        string message = await FailsAsync();
        Assert.Contains("tokenizer.json", message, StringComparison.Ordinal);
        Assert.Contains(expected, message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_refusal_by_the_other_server_is_told_too()
    {
        _hub.OnCdn = _ => TestAnswer.Error(403);
        Assert.Contains("model.safetensors", await FailsAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task No_message_shows_the_token_though_the_server_does()
    {
        _hub.OnHub = _ => TestAnswer.Error(401, null, $"Bearer {Token} is expired");
        string message = await FailsAsync(Token);
        Assert.DoesNotContain(Token, message, StringComparison.Ordinal);
        Assert.Contains("(the token) is expired", message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_token_goes_to_the_hub_and_nowhere_else()
    {
        await PullAsync(x => x.Token = Token);
        Assert.All(_hub.Server.Requests, x => Assert.Equal($"Bearer {Token}", x.Token));
        Assert.Single(_hub.Cdn.Requests);
        Assert.All(_hub.Cdn.Requests, x => Assert.Null(x.Token));
    }

    [Fact]
    public async Task A_renamed_repository_is_followed_with_the_token()
    {
        _hub.OnHub = request => request.Path.Contains("owner/old", StringComparison.Ordinal)
            ? TestAnswer.Redirect(request.Path.Replace("owner/old", FakeHub.Repository, StringComparison.Ordinal), 307)
            : null;
        HubSnapshot snapshot = await PullAsync(x => x.Token = Token, "owner/old");
        Assert.EndsWith(Path.Combine("models--owner--old", "snapshots", FakeHub.Commit), snapshot.Path, StringComparison.Ordinal);
        Assert.All(_hub.Server.Requests, x => Assert.Equal($"Bearer {Token}", x.Token));
    }

    [Fact]
    public async Task A_small_file_may_lie_behind_a_redirect_of_the_hub_itself()
    {
        // The checksum comes with the redirect, the length with what it leads to.
        string checksum = _hub.Checksum("config.json");
        _hub.OnHub = request => request.Path.EndsWith("/config.json", StringComparison.Ordinal)
            ? TestAnswer.Redirect("/cached/config?x=1", 307) with { Headers = [("Location", "/cached/config?x=1"), ("X-Linked-Etag", $"\"{checksum}\""), ("X-Repo-Commit", FakeHub.Commit)] }
            : request.Path.StartsWith("/cached/", StringComparison.Ordinal) ? new TestAnswer { Body = _hub.Files["config.json"], Headers = [("ETag", "W/\"other\"")] } : null;
        await PullAsync(x => x.Token = Token);
        Assert.Equal(_hub.Files["config.json"], _cache.Read("config.json"));
        Assert.All(_hub.Server.Requests, x => Assert.Equal($"Bearer {Token}", x.Token));
    }

    [Fact]
    public async Task Redirects_in_a_circle_end()
    {
        _hub.OnHub = request => TestAnswer.Redirect(request.Path);
        Assert.Contains("in a circle", await FailsAsync(), StringComparison.Ordinal);
        Assert.Equal(11, _hub.Server.Requests.Count);
    }

    [Theory]
    [InlineData(500)]
    [InlineData(503)]
    [InlineData(429)]
    [InlineData(408)]
    public async Task A_failure_that_passes_is_waited_for(int status)
    {
        int hub = 0, cdn = 0;
        _hub.OnHub = _ => hub++ < 2 ? TestAnswer.Error(status) : null;
        _hub.OnCdn = _ => cdn++ < 2 ? TestAnswer.Error(status) : null;
        await PullAsync(x => x.MaxConcurrentFiles = 1);
        Assert.Equal(_hub.WeightBytes, _cache.Read(FakeHub.Weights));
        Assert.Equal(3, cdn);
    }

    [Fact]
    public async Task A_failure_that_does_not_pass_is_told_after_all_attempts()
    {
        _hub.OnHub = _ => TestAnswer.Error(500);
        Assert.Contains("fails, after 4 attempts", await FailsAsync(), StringComparison.Ordinal);
        Assert.Equal(4, _hub.Server.Requests.Count);
    }

    [Theory]
    [InlineData("1")]
    [InlineData("date")]
    public async Task The_wait_that_the_server_asks_for_is_kept(string asked)
    {
        int count = 0;
        Stopwatch watch = new();
        TimeSpan waited = default;
        _hub.OnHub = _ =>
        {
            if (count++ == 0)
            {
                watch.Start();

                // A date has whole seconds: from one second to two.
                string when = asked == "date" ? DateTimeOffset.UtcNow.AddSeconds(2).ToString("R") : asked;
                return TestAnswer.Error(429) with { Headers = [("Retry-After", when)] };
            }

            waited = waited == default ? watch.Elapsed : waited;
            return null;
        };
        await PullAsync();
        Assert.InRange(waited, TimeSpan.FromSeconds(0.95), TimeSpan.FromSeconds(30));
    }

    [Fact]
    public async Task A_wait_that_is_too_long_is_told_instead()
    {
        _hub.OnHub = _ => TestAnswer.Error(429) with { Headers = [("Retry-After", "3600")] };
        Assert.Contains("too many requests; try again in 3600 seconds; with HF_TOKEN", await FailsAsync(), StringComparison.Ordinal);
        Assert.Single(_hub.Server.Requests);
    }

    [Fact]
    public async Task Nobody_there_is_told_with_the_host()
    {
        int port;
        using (TcpListener listener = new(IPAddress.Loopback, 0))
        {
            listener.Start();
            port = ((IPEndPoint)listener.LocalEndpoint).Port;
        }

        string message = await FailsAsync(null, x => x.Endpoint = new Uri($"http://127.0.0.1:{port}"));
        Assert.Contains($"no connection to 127.0.0.1:{port}, after 4 attempts", message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task No_name_server_or_no_such_host_is_told()
    {
        string message = await FailsAsync(null, x =>
        {
            x.Endpoint = new Uri("http://no-such-host.invalid");
            x.MaxRetries = 0;
        });
        Assert.Contains("no network, or no host no-such-host.invalid, after one attempt", message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_never_answers_is_given_up()
    {
        _hub.OnHub = _ => new TestAnswer { Silent = true };
        string message = await FailsAsync(null, x =>
        {
            x.ResponseTimeout = TimeSpan.FromMilliseconds(200);
            x.MaxRetries = 1;
        });
        Assert.Contains("no answer from 127.0.0.1", message, StringComparison.Ordinal);
        Assert.Equal(2, _hub.Server.Requests.Count);
    }

    [Theory]
    [InlineData("not json", "not JSON")]
    [InlineData("[]", "no commit")]
    [InlineData("{\"sha\": \"main\", \"siblings\": []}", "no commit")]
    [InlineData("{\"sha\": \"../../../../../../../../../../../etc/passwd\", \"siblings\": []}", "no commit")]
    [InlineData("{\"sha\": \"0123456789abcdef0123456789abcdef01234567\"}", "no files")]
    [InlineData("{\"sha\": \"0123456789abcdef0123456789abcdef01234567\", \"siblings\": [{}]}", "without a name")]
    [InlineData("{\"sha\": \"0123456789abcdef0123456789abcdef01234567\", \"siblings\": [{\"rfilename\": \"\\ud800\"}]}", "not JSON")]
    public async Task An_answer_that_is_no_listing_is_refused(string answer, string expected)
    {
        _hub.OnHub = _ => new TestAnswer { Body = Encoding.UTF8.GetBytes(answer) };
        Assert.Contains(expected, await FailsAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_listing_that_breaks_off_is_asked_for_again()
    {
        int count = 0;
        _hub.OnHub = request => request.Path.StartsWith("/api/", StringComparison.Ordinal) && count++ == 0 ? _hub.Answer(request) with { CutAfter = 5 } : null;
        await PullAsync();
        Assert.Equal(2, count);
    }

    [Theory]
    [InlineData("", "5", "no checksum")]
    [InlineData("\"../../../x\"", "5", "no checksum")]
    [InlineData("\"abc\"", "5", "no checksum")]
    [InlineData("\"0123456789abcdef0123456789abcdef01234567\"", "", "no length")]
    [InlineData("\"0123456789abcdef0123456789abcdef01234567\"", "-1", "no length")]
    [InlineData("\"0123456789abcdef0123456789abcdef01234567\"", "8000000000000000000", "not enough room")]
    public async Task A_file_needs_a_checksum_and_a_length(string etag, string size, string expected)
    {
        _hub.OnHub = request => request.Method == "HEAD" && request.Path.EndsWith("config.json", StringComparison.Ordinal)
            ? new TestAnswer { HasNoLength = true, Headers = [.. new[] { ("X-Linked-Etag", etag), ("X-Linked-Size", size) }.Where(x => x.Item2.Length > 0)] }
            : null;
        Assert.Contains(expected, await FailsAsync(), StringComparison.Ordinal);
        Assert.DoesNotContain(_cache.All, x => x.Contains("models--", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Another_commit_is_refused()
    {
        string other = new('f', 40);
        _hub.OnHub = request =>
        {
            TestAnswer answer = _hub.Answer(request);
            return request.Method == "HEAD"
                ? answer with { Headers = [.. answer.Headers.Where(x => x.Item1 != "X-Repo-Commit"), ("X-Repo-Commit", other)] }
                : null;
        };
        string message = await FailsAsync();
        Assert.Contains("another commit", message, StringComparison.Ordinal);
        Assert.Contains(other, message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_cache_that_cannot_be_is_told()
    {
        string file = Path.Combine(_cache.Path, "file");
        await File.WriteAllTextAsync(file, string.Empty);
        Assert.Contains(file, await FailsAsync(null, x => x.CacheDirectory = Path.Combine(file, "hub")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Offline_is_offline()
    {
        Assert.Contains("HF_HUB_OFFLINE", await FailsAsync(null, x => x.Offline = true), StringComparison.Ordinal);
        Assert.Empty(_hub.Server.Requests);
    }

    [Theory]
    [InlineData("gemma")]
    [InlineData("a/b/c")]
    [InlineData("../b")]
    [InlineData("a/b@")]
    [InlineData("a/b@../c")]
    [InlineData("a--b/c")]
    [InlineData("a/b?x")]
    public async Task What_is_no_name_is_not_asked_for(string model)
    {
        using HubClient client = new(_hub.Options(_cache.Path));
        await Assert.ThrowsAsync<GemmaException>(() => client.PullAsync(model));
        Assert.Empty(_hub.Server.Requests);
    }

    private async Task<HubSnapshot> PullAsync(Action<HubOptions>? change = null, string model = FakeHub.Repository)
    {
        HubOptions options = _hub.Options(_cache.Path);
        change?.Invoke(options);
        using HubClient client = new(options);
        return await client.PullAsync(model);
    }

    private async Task<string> FailsAsync(string? token = null, Action<HubOptions>? change = null)
    {
        GemmaException exception = await Assert.ThrowsAsync<GemmaException>(() => PullAsync(x =>
        {
            x.Token = token;
            change?.Invoke(x);
        }));
        return exception.Message;
    }
}
