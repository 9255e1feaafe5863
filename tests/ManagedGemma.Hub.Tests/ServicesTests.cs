using System.Net;
using ManagedGemma.Hub.Tests.Support;
using Microsoft.Extensions.DependencyInjection;

namespace ManagedGemma.Hub.Tests;

/// <summary>The hub out of a container.</summary>
public sealed class ServicesTests : IDisposable
{
    private readonly FakeHub _hub = new();
    private readonly HubCacheFiles _cache = new();

    public void Dispose()
    {
        _hub.Dispose();
        _cache.Dispose();
    }

    [Fact]
    public async Task A_container_gives_a_client_with_retries()
    {
        int count = 0;
        _hub.OnHub = _ => count++ == 0 ? TestAnswer.Error(500) : null;
        using ServiceProvider services = Services();
        HubClient client = services.GetRequiredService<HubClient>();
        Assert.Same(client, services.GetRequiredService<HubClient>());
        await client.PullAsync(FakeHub.Repository);
        Assert.Equal(_hub.WeightBytes, _cache.Read(FakeHub.Weights));
    }

    [Fact]
    public async Task A_handler_that_follows_redirects_is_refused()
    {
        using ServiceProvider services = Services(builder => builder.ConfigurePrimaryHttpMessageHandler(() => new SocketsHttpHandler()));
        InvalidOperationException exception = await Assert.ThrowsAsync<InvalidOperationException>(
            () => services.GetRequiredService<HubClient>().PullAsync(FakeHub.Repository));
        Assert.Contains("AllowAutoRedirect", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task From_a_protected_to_an_unprotected_address_is_no_way()
    {
        Scripted handler = new(request => request.RequestUri!.Scheme == "https"
            ? new HttpResponseMessage(HttpStatusCode.Found) { Headers = { Location = new Uri("http://elsewhere.example/x") } }
            : new HttpResponseMessage(HttpStatusCode.OK));
        using ServiceProvider services = Services(builder => builder.ConfigurePrimaryHttpMessageHandler(() => handler), new Uri("https://hub.example/"));
        GemmaException exception = await Assert.ThrowsAsync<GemmaException>(() => services.GetRequiredService<HubClient>().PullAsync(FakeHub.Repository));
        Assert.Contains("unprotected address on elsewhere.example", exception.Message, StringComparison.Ordinal);
        Assert.Single(handler.Asked);
    }

    [Fact]
    public async Task A_path_of_the_endpoint_stays()
    {
        Scripted handler = new(_ => new HttpResponseMessage(HttpStatusCode.NotFound));
        using ServiceProvider services = Services(builder => builder.ConfigurePrimaryHttpMessageHandler(() => handler), new Uri("https://mirror.example/hf/"));
        await Assert.ThrowsAsync<GemmaException>(() => services.GetRequiredService<HubClient>().PullAsync("a/b@refs/pr/1"));
        Assert.Equal("https://mirror.example/hf/api/models/a/b/revision/refs%2Fpr%2F1", Assert.Single(handler.Asked).AbsoluteUri);
    }

    private ServiceProvider Services(Action<IHttpClientBuilder>? change = null, Uri? endpoint = null)
    {
        ServiceCollection services = new();
        IHttpClientBuilder builder = services.AddHubClient(options =>
        {
            HubOptions quick = _hub.Options(_cache.Path);
            options.Endpoint = endpoint ?? quick.Endpoint;
            options.CacheDirectory = quick.CacheDirectory;
            options.RetryDelay = quick.RetryDelay;
            options.ResponseTimeout = quick.ResponseTimeout;
        });
        change?.Invoke(builder);
        return services.BuildServiceProvider();
    }

    private sealed class Scripted(Func<HttpRequestMessage, HttpResponseMessage> answer) : HttpMessageHandler
    {
        public List<Uri> Asked { get; } = [];

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            Asked.Add(request.RequestUri!);
            HttpResponseMessage response = answer(request);
            response.RequestMessage = request;
            return Task.FromResult(response);
        }
    }
}
