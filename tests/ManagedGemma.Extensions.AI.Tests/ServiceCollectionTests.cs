using ManagedGemma.Cli.Tests.Support;
using ManagedGemma.Conditioning;
using ManagedGemma.Extensions.AI.Embeddings;
using ManagedGemma.Generation;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace ManagedGemma.Extensions.AI.Tests;

/// <summary><c>AddManagedGemma</c>: one model, options that are looked at before it is loaded, and an end.</summary>
public sealed class ServiceCollectionTests
{
    [Fact]
    public async Task Everybody_shares_one_model_until_the_container_ends()
    {
        int loaded = 0;
        GemmaTextEncoder? encoder = null;
        ServiceCollection services = new();
        services.AddManagedGemma(options =>
        {
            options.ModelFactory = () =>
            {
                loaded++;
                return encoder = GemmaTextEncoder.LoadDemo();
            };
            options.Generation = DemoModel.Letters;
        });
        ServiceProvider provider = services.BuildServiceProvider(new ServiceProviderOptions { ValidateOnBuild = true, ValidateScopes = true });
        await using (provider)
        {
            Assert.Equal(0, loaded);
            IChatClient[] clients = [.. Enumerable.Range(0, 8).AsParallel().Select(_ => provider.GetRequiredService<IChatClient>())];
            Assert.Single(clients.Distinct());
            var embeddings = provider.GetRequiredService<IEmbeddingGenerator<string, Embedding<float>>>();
            ManagedGemmaModel model = provider.GetRequiredService<ManagedGemmaModel>();
            Assert.Equal(1, loaded);
            Assert.Same(encoder, model.Encoder);
            Assert.Same(encoder, embeddings.GetService<GemmaTextEncoder>());
            Assert.Same(model.Generator, clients[0].GetService<GemmaTextGenerator>());
            Assert.Equal("demo", model.ModelId);
            Assert.Equal(24, (await clients[0].GetResponseAsync("hello")).Text.Length);
            Assert.Equal(128, (await embeddings.GenerateVectorAsync("hello")).Length);
            Assert.NotNull(model.Encoder.Encode("fox"));
        }

        Assert.Throws<ObjectDisposedException>(() => encoder!.Encode("fox"));
    }

    [Fact]
    public void A_second_call_adds_options_and_no_second_model()
    {
        ServiceCollection services = new();
        services.AddManagedGemma(options => options.ModelFactory = () => GemmaTextEncoder.LoadDemo());
        services.AddManagedGemma(options => options.ModelId = "mine");
        using ServiceProvider provider = services.BuildServiceProvider();
        Assert.Single(provider.GetServices<IChatClient>());
        Assert.Equal("mine", provider.GetRequiredService<IChatClient>().GetService<ChatClientMetadata>()!.DefaultModelId);
    }

    [Theory]
    [MemberData(nameof(BadOptions))]
    public void Bad_options_are_named_at_the_start(string message, Action<ManagedGemmaOptions> configure)
    {
        ServiceCollection services = new();
        services.AddManagedGemma(options =>
        {
            options.ModelFactory = () => throw new InvalidOperationException("loaded in spite of bad options");
            configure(options);
        });
        using ServiceProvider provider = services.BuildServiceProvider();

        // What a host does when it starts.
        OptionsValidationException exception = Assert.Throws<OptionsValidationException>(() => provider.GetRequiredService<IStartupValidator>().Validate());
        Assert.Contains(message, exception.Message, StringComparison.Ordinal);
        Assert.Throws<OptionsValidationException>(() => provider.GetRequiredService<IChatClient>());
    }

    public static TheoryData<string, Action<ManagedGemmaOptions>> BadOptions() => new()
    {
        { "ManagedGemmaOptions.Threads: expected null or 1 to 1024, found 0", x => x.Threads = 0 },
        { "ManagedGemmaOptions.MaxSequences: ", x => x.MaxSequences = 0 },
        { "ManagedGemmaOptions.KeptConversations: expected at least 0, found -1", x => x.KeptConversations = -1 },
        { "ManagedGemmaOptions.ModelId: expected null or a name", x => x.ModelId = string.Empty },
        { "ManagedGemmaOptions.Generation: temperature: out of range", x => x.Generation = new GenerationOptions { Temperature = -1 } },
        { "ManagedGemmaOptions.Generation: expected options, found null", x => x.Generation = null! },
        { "ManagedGemmaOptions.Embeddings.BatchTokens: expected at least 1, found 0", x => x.Embeddings = new EmbeddingSettings { BatchTokens = 0 } },
        { "ManagedGemmaOptions.Embeddings.Pooling: ", x => x.Embeddings = new EmbeddingSettings { Pooling = (EmbeddingPooling)7 } },
        { "ManagedGemmaOptions.Model: no-such-directory/at/all: the model does not exist", x => (x.ModelFactory, x.Model) = (null, "no-such-directory/at/all") },
        { "managed-gemma pull nobody/nothing", x => (x.ModelFactory, x.Model) = (null, "nobody/nothing") },
    };

    [Fact]
    public void All_problems_are_told_at_once()
    {
        ServiceCollection services = new();
        services.AddManagedGemma(options => (options.Threads, options.KeptConversations, options.Model) = (0, -1, "no-such-directory/at/all"));
        using ServiceProvider provider = services.BuildServiceProvider();
        Assert.Equal(3, Assert.Throws<OptionsValidationException>(() => provider.GetRequiredService<IOptions<ManagedGemmaOptions>>().Value).Failures.Count());
    }

    [Fact]
    public void A_model_is_called_by_its_directory()
    {
        using TemporaryDirectory directory = new();
        string path = TinyModel.Write(directory["tiny-gemma"]);
        ServiceCollection services = new();
        services.AddManagedGemma(options => options.Model = path);
        using ServiceProvider provider = services.BuildServiceProvider();
        Assert.Equal("tiny-gemma", provider.GetRequiredService<IChatClient>().GetService<ChatClientMetadata>()!.DefaultModelId);
    }
}
