using System.Reflection;
using ManagedGemma.Conditioning;
using ManagedGemma.Extensions.AI.Embeddings;
using Microsoft.Extensions.AI;

namespace ManagedGemma.Extensions.AI.Tests;

/// <summary>Pooled hidden states through <see cref="IEmbeddingGenerator"/>.</summary>
public sealed class EmbeddingTests(DemoModel model) : IClassFixture<DemoModel>
{
    private static readonly string[] Texts = ["a red fox", "the sea", "", "ünï 🎈"];

    [Theory]
    [InlineData(EmbeddingPooling.Mean, false)]
    [InlineData(EmbeddingPooling.Mean, true)]
    [InlineData(EmbeddingPooling.LastToken, false)]
    [InlineData(EmbeddingPooling.LastToken, true)]
    public async Task Pools_the_last_normed_states(EmbeddingPooling pooling, bool normalize)
    {
        using GemmaEmbeddingGenerator generator = Generator(new EmbeddingSettings { Pooling = pooling, Normalize = normalize });
        GeneratedEmbeddings<Embedding<float>> embeddings = await generator.GenerateAsync(Texts);
        Assert.Equal(Texts.Length, embeddings.Count);
        long tokens = 0;
        for (int i = 0; i < Texts.Length; i++)
        {
            int[] ids = model.Encoder.Tokenizer.EncodePrompt(Texts[i]);
            tokens += ids.Length;
            double[] expected = Pool(ids, pooling, normalize);
            float[] actual = embeddings[i].Vector.ToArray();
            Assert.Equal(expected.Length, actual.Length);

            // A sum of up to 13 terms and a division in float32: each rounds by 2^-24 of the largest partial sum, which is about 4.
            Assert.All(expected.Zip(actual), x => Assert.Equal(x.First, x.Second, 1e-5));
            Assert.Equal(DemoModel.Name, embeddings[i].ModelId);
        }

        Assert.Equal((tokens, tokens), (embeddings.Usage!.InputTokenCount, embeddings.Usage.TotalTokenCount));
    }

    [Fact]
    public async Task Together_each_has_the_bits_that_it_has_alone()
    {
        using GemmaEmbeddingGenerator generator = Generator(new EmbeddingSettings { BatchTokens = 24 });
        GeneratedEmbeddings<Embedding<float>> together = await generator.GenerateAsync(Texts);
        for (int i = 0; i < Texts.Length; i++)
        {
            Assert.Equal((await generator.GenerateVectorAsync(Texts[i])).ToArray(), together[i].Vector.ToArray());
        }

        Assert.Empty(await generator.GenerateAsync([]));
    }

    [Fact]
    public async Task A_call_may_bring_its_own_settings()
    {
        using GemmaEmbeddingGenerator generator = Generator(), last = Generator(new EmbeddingSettings { Pooling = EmbeddingPooling.LastToken });
        EmbeddingGenerationOptions options = new() { RawRepresentationFactory = _ => new EmbeddingSettings { Pooling = EmbeddingPooling.LastToken } };
        Assert.Equal((await last.GenerateVectorAsync("fox")).ToArray(), (await generator.GenerateVectorAsync("fox", options)).ToArray());
        Assert.NotEqual((await last.GenerateVectorAsync("fox")).ToArray(), (await generator.GenerateVectorAsync("fox")).ToArray());
    }

    [Fact]
    public async Task Every_option_is_honoured_or_refused_by_name()
    {
        Dictionary<string, EmbeddingGenerationOptions> refused = new()
        {
            [nameof(EmbeddingGenerationOptions.Dimensions)] = new() { Dimensions = 64 },
            [nameof(EmbeddingGenerationOptions.ModelId)] = new() { ModelId = "another" },
            [nameof(EmbeddingGenerationOptions.AdditionalProperties)] = new() { AdditionalProperties = new() { ["a"] = 1 } },
            [nameof(EmbeddingGenerationOptions.RawRepresentationFactory)] = new() { RawRepresentationFactory = _ => "text" },
        };
        Assert.Equal(typeof(EmbeddingGenerationOptions).GetProperties(BindingFlags.Public | BindingFlags.Instance).Select(x => x.Name).Order(), refused.Keys.Order());
        using GemmaEmbeddingGenerator generator = Generator();
        foreach ((string member, EmbeddingGenerationOptions options) in refused)
        {
            GemmaException exception = await Assert.ThrowsAsync<GemmaException>(() => generator.GenerateAsync(["a"], options));
            Assert.StartsWith($"EmbeddingGenerationOptions.{member}: the option is not supported", exception.Message, StringComparison.Ordinal);
        }

        EmbeddingGenerationOptions same = new() { Dimensions = 128, ModelId = DemoModel.Name, AdditionalProperties = [], RawRepresentationFactory = _ => null };
        Assert.Equal(128, (await generator.GenerateVectorAsync("a", same)).Length);
    }

    [Fact]
    public async Task Cancellation_and_metadata()
    {
        using GemmaEmbeddingGenerator generator = Generator();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => generator.GenerateAsync(Texts, null, new CancellationToken(canceled: true)));
        EmbeddingGeneratorMetadata metadata = ((IEmbeddingGenerator)generator).GetService<EmbeddingGeneratorMetadata>()!;
        Assert.Equal(("managed_gemma", DemoModel.Name, 128), (metadata.ProviderName, metadata.DefaultModelId, metadata.DefaultModelDimensions));
    }

    private double[] Pool(int[] ids, EmbeddingPooling pooling, bool normalize)
    {
        HiddenStateCollector collector = new();
        model.Encoder.Model.Run(ids, collector);
        float[] last = collector.States[^1];
        int size = collector.Shape.HiddenSize;
        IEnumerable<int> tokens = pooling == EmbeddingPooling.Mean ? Enumerable.Range(0, ids.Length) : [ids.Length - 1];
        double[] vector = [.. Enumerable.Range(0, size).Select(x => tokens.Average(token => (double)last[(token * size) + x]))];
        double norm = Math.Sqrt(vector.Sum(x => x * x));
        return normalize ? [.. vector.Select(x => x / norm)] : vector;
    }

    private GemmaEmbeddingGenerator Generator(EmbeddingSettings? settings = null) => new(model.Encoder, DemoModel.Name, settings);
}
