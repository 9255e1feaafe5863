using ManagedGemma.Extensions.AI;
using ManagedGemma.Extensions.AI.Chat;
using ManagedGemma.Extensions.AI.Embeddings;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

// Where everybody looks for AddXyz.
namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Registers ManagedGemma.</summary>
public static class ManagedGemmaServiceCollectionExtensions
{
    /// <summary>
    /// Registers <see cref="IChatClient"/>, <see cref="IEmbeddingGenerator{TInput,TEmbedding}"/> of texts and <see cref="ManagedGemmaModel"/>: one model,
    /// loaded when it is first resolved and disposed with the container. Options are validated when the host starts.
    /// </summary>
    /// <param name="services">The collection.</param>
    /// <param name="configure">Sets options; null: the default model.</param>
    /// <returns>The same collection.</returns>
    public static IServiceCollection AddManagedGemma(this IServiceCollection services, Action<ManagedGemmaOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        OptionsBuilder<ManagedGemmaOptions> options = services.AddOptions<ManagedGemmaOptions>().ValidateOnStart();
        if (configure is not null)
        {
            options.Configure(configure);
        }

        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<ManagedGemmaOptions>, ManagedGemmaOptionsValidator>());
        services.TryAddSingleton(provider => new ManagedGemmaModel(provider.GetRequiredService<IOptions<ManagedGemmaOptions>>()));
        services.TryAddSingleton<IChatClient>(provider =>
        {
            ManagedGemmaModel model = provider.GetRequiredService<ManagedGemmaModel>();
            return new GemmaChatClient(model.Generator, model.ModelId, model.Options.Generation, model.Options.KeptConversations);
        });
        services.TryAddSingleton<IEmbeddingGenerator<string, Embedding<float>>>(provider =>
        {
            ManagedGemmaModel model = provider.GetRequiredService<ManagedGemmaModel>();
            return new GemmaEmbeddingGenerator(model.Encoder, model.ModelId, model.Options.Embeddings);
        });
        return services;
    }
}
