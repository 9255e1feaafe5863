using ManagedGemma.Hub.Requests;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;

namespace ManagedGemma.Hub;

/// <summary>Registers the hub with a container.</summary>
public static class HubServiceCollectionExtensions
{
    /// <summary>Registers <see cref="HubClient"/> as a singleton over <see cref="IHttpClientFactory"/>.</summary>
    /// <param name="services">The container's services.</param>
    /// <param name="configure">Changes the options, which begin as the environment says.</param>
    /// <returns>The HTTP client's builder: for a proxy, a certificate, more handlers. Its primary handler must not follow redirects.</returns>
    public static IHttpClientBuilder AddHubClient(this IServiceCollection services, Action<HubOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        services.TryAddSingleton(_ =>
        {
            HubOptions options = HubOptions.FromEnvironment();
            configure?.Invoke(options);
            return options;
        });
        services.TryAddSingleton(provider => new HubClient(
            provider.GetRequiredService<IHttpClientFactory>(), provider.GetRequiredService<HubOptions>(), provider.GetService<ILogger<HubClient>>()));
        IHttpClientBuilder builder = services
            .AddHttpClient(HubClient.HttpClientName, client => client.Timeout = Timeout.InfiniteTimeSpan)
            .ConfigurePrimaryHttpMessageHandler(HubHandler.CreatePrimary);
        builder.AddResilienceHandler("hub", (pipeline, context) => RetryPolicy.AddRequests(pipeline, context.ServiceProvider.GetRequiredService<HubOptions>()));
        return builder;
    }
}
