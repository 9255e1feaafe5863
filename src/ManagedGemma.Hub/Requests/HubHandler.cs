using System.Net;
using Microsoft.Extensions.Http.Resilience;
using Polly;

namespace ManagedGemma.Hub.Requests;

/// <summary>The chain of handlers under a client that is made without a container.</summary>
internal static class HubHandler
{
    /// <summary>Retries around connections.</summary>
    public static HttpMessageHandler Create(HubOptions options)
    {
        ResiliencePipelineBuilder<HttpResponseMessage> builder = new();
        RetryPolicy.AddRequests(builder, options);
        return new ResilienceHandler(builder.Build()) { InnerHandler = CreatePrimary() };
    }

    /// <summary>
    /// Connections that follow no redirect, since the first answer names the file's checksum and since the token must not go along; and
    /// that unpack nothing, since lengths and ranges are those of the file. Their only time limit is that of the retries around them, which
    /// know it for a failure that may pass.
    /// </summary>
    public static SocketsHttpHandler CreatePrimary() => new()
    {
        AllowAutoRedirect = false,
        AutomaticDecompression = DecompressionMethods.None,
        UseCookies = false,
        PooledConnectionLifetime = TimeSpan.FromMinutes(10),
    };
}
