using ManagedGemma.Caching;
using ManagedGemma.Checkpoints;
using ManagedGemma.Generation;
using ManagedGemma.Generation.Enhancement;
using ManagedGemma.Model;
using ManagedGemma.Tests.Support;
using ManagedGemma.Tests.Tokenization;
using ManagedGemma.Tokenization;

namespace ManagedGemma.Tests.Generation;

/// <summary>Enhancements with a cache: nothing is generated twice, and nothing that would differ is taken for the same.</summary>
public sealed class EnhancementCacheTests : IDisposable
{
    private static readonly GenerationOptions Options = PromptEnhancer.DefaultOptions with { MaxTokens = 12 };

    private readonly TemporaryDirectory _directory = new();

    private string[] Entries => Directory.Exists(_directory["cache"]) ? Directory.GetFiles(_directory["cache"], "*", SearchOption.AllDirectories) : [];

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void The_second_run_generates_nothing_and_gives_the_same()
    {
        Enhancement plain = Enhance(null).Enhancement;
        (Enhancement first, ResultCache cache, bool ran) = Enhance(NewCache());
        Assert.Equal((0, true), (cache.Hits, ran));
        (Enhancement second, cache, ran) = Enhance(NewCache());
        Assert.Equal((1, false), (cache.Hits, ran));
        Assert.All([first, second], x => Assert.Equal((plain.Text, plain.Answer, plain.FinishReason), (x.Text, x.Answer, x.FinishReason)));
        Assert.Equal((plain.Usage.PromptTokens, plain.Usage.GeneratedTokens), (second.Usage.PromptTokens, second.Usage.GeneratedTokens));
        Assert.Equal((second.Usage.PromptTokens, 0, TimeSpan.Zero), (second.Usage.PrefixTokens, second.Usage.Passes, second.Usage.GenerationTime));
        Assert.Single(Entries);
    }

    // Tokens, and what stopped it: an answer that ends by itself, which the demo's does if all else is forbidden it.
    [Fact]
    public void What_is_kept_is_the_whole_answer()
    {
        using GemmaTextGenerator generator = GemmaTextGenerator.LoadDemo();
        GenerationOptions stopping = Options with { StopIds = [7], LogitBias = new Dictionary<int, double> { [7] = 100 } };
        foreach (GenerationOptions options in new[] { Options, stopping })
        {
            using PromptEnhancer enhancer = new(generator, "S", NewCache());
            GenerationResult generated = GenerationResult.Of(enhancer.Generate("fox", options)), kept = GenerationResult.Of(enhancer.Generate("fox", options));
            Assert.Equal(generated.TokenIds, kept.TokenIds);
            Assert.Equal((generated.Text, generated.FinishReason, generated.StoppedBy), (kept.Text, kept.FinishReason, kept.StoppedBy));
            Assert.Equal(options == Options ? null : "7", kept.StoppedBy);
            Assert.Equal(0, kept.Usage.Passes);
        }
    }

    [Fact]
    public void A_damaged_entry_is_generated_again()
    {
        Enhancement expected = Enhance(NewCache()).Enhancement;
        byte[] whole = File.ReadAllBytes(Assert.Single(Entries));
        byte[] bytes = [.. whole];
        bytes[^3] ^= 1;
        File.WriteAllBytes(Entries[0], bytes);
        (Enhancement again, ResultCache cache, bool ran) = Enhance(NewCache());
        Assert.Equal((1, true, expected.Answer), (cache.Damaged, ran, again.Answer));
        Assert.Equal(whole, File.ReadAllBytes(Assert.Single(Entries)));
    }

    [Fact]
    public void An_answer_that_is_broken_off_is_not_kept()
    {
        using GemmaTextGenerator generator = GemmaTextGenerator.LoadDemo();
        using PromptEnhancer enhancer = new(generator, "S", NewCache());
        using (IEnumerator<GenerationUpdate> updates = enhancer.Generate("fox", Options).GetEnumerator())
        {
            Assert.True(updates.MoveNext());
            Assert.Null(updates.Current.FinishReason);
        }

        Assert.Empty(Entries);
        enhancer.Enhance("fox", Options);
        using CancellationTokenSource source = new();
        source.Cancel();
        Assert.Throws<OperationCanceledException>(() => enhancer.Enhance("fox", Options, source.Token));
    }

    [Fact]
    public void Log_probabilities_are_generated()
    {
        using GemmaTextGenerator generator = GemmaTextGenerator.LoadDemo();
        using PromptEnhancer enhancer = new(generator, "S", NewCache());
        for (int i = 0; i < 2; i++)
        {
            Assert.Equal(Options.MaxTokens, GenerationResult.Of(enhancer.Generate("fox", Options with { LogProbabilities = 0 })).LogProbabilities.Count);
        }

        Assert.Empty(Entries);
    }

    [Fact]
    public void A_name_changes_with_everything_that_an_answer_is_made_of()
    {
        using GemmaTextGenerator generator = GemmaTextGenerator.LoadDemo();
        EnhancementKeys keys = new(generator);
        int[] ids = [2, 5, 9];
        GenerationOptions options = Options with { StopIds = [1, 3] };
        List<string> names =
        [
            keys.Of(ids, options),
            keys.Of([2, 5, 10], options),
            keys.Of([2, 5, 9, 1], options),
            keys.Of(ids, options with { MaxTokens = 13 }),
            keys.Of(ids, options with { Temperature = 0.71 }),
            keys.Of(ids, options with { TopK = 49 }),
            keys.Of(ids, options with { TopK = null }),
            keys.Of(ids, options with { TopP = 0.5 }),
            keys.Of(ids, options with { MinP = 0.5 }),
            keys.Of(ids, options with { RepetitionPenalty = 1.1 }),
            keys.Of(ids, options with { LogitBias = new Dictionary<int, double> { [4] = 1 } }),
            keys.Of(ids, options with { LogitBias = new Dictionary<int, double> { [4] = 2 } }),
            keys.Of(ids, options with { LogitBias = new Dictionary<int, double> { [5] = 1 } }),
            keys.Of(ids, options with { Seed = 11 }),
            keys.Of(ids, options with { StopIds = [1] }),
            keys.Of(ids, options with { StopStrings = ["ab"] }),
            keys.Of(ids, options with { StopStrings = ["a", "b"] }),
            keys.Of(ids, options with { Precision = Precision.Fast }),
        ];
        Assert.All(names, name => Assert.Matches("^[0-9a-f]{64}$", name));
        Assert.Equal(names.Count, names.Distinct().Count());
        Assert.Equal(names[0], keys.Of(ids, options with { StopIds = [3, 1], PromptLookup = PromptLookup.On, Progress = new Progress<PromptProgress>(), KeepPrefix = true }));

        // What an answer is made of must be in its name, or be known to change nothing: whoever adds an option finds this test.
        Assert.Equal(15, typeof(GenerationOptions).GetProperties().Length);
    }

    [Fact]
    public void A_name_changes_with_the_checkpoint_and_the_vocabulary()
    {
        GenerationOptions options = Options with { StopIds = [1] };
        using GemmaTextGenerator demo = GemmaTextGenerator.LoadDemo(), again = GemmaTextGenerator.LoadDemo(new GemmaModelOptions { Threads = 1 });
        Assert.Equal(new EnhancementKeys(demo).Of([2], options), new EnhancementKeys(again).Of([2], options));
        using GemmaTextGenerator renamed = new(demo.Model, Tokenizer("fox"), new GeneratorOptions { LeaveModelOpen = true });
        using GemmaTextGenerator other = new(demo.Model, Tokenizer("fix"), new GeneratorOptions { LeaveModelOpen = true });
        using GemmaModel model = GemmaModel.Load(ZooModel.Named("vlm-4bit").Path);
        using GemmaTextGenerator zoo = new(model, Tokenizer("fox"), new GeneratorOptions { LeaveModelOpen = true });
        string[] names = [.. new[] { demo, renamed, other, zoo }.Select(x => new EnhancementKeys(x).Of([2], options))];
        Assert.Equal(names.Length, names.Distinct().Count());
    }

    // Damage is found by the sum; what has the sum and another content was made by somebody.
    [Fact]
    public void An_entry_of_another_shape_is_none()
    {
        CachedTensor text = CachedTensor.Of(ElementType.U16, "ab".AsMemory(), 2);
        CachedTensor ids = CachedTensor.Of<int>(ElementType.I32, new[] { 5 }, 1);
        Assert.NotNull(EnhancementEntry.Of([text, ids, Numbers(0, 3, 1)]));
        Assert.Null(EnhancementEntry.Of([]));
        Assert.Null(EnhancementEntry.Of([text, ids]));
        Assert.Null(EnhancementEntry.Of([ids, ids, Numbers(0, 3, 1)]));
        Assert.Null(EnhancementEntry.Of([text, ids, Numbers(2, 3, 1)]));
        Assert.Null(EnhancementEntry.Of([text, ids, Numbers(0, -1, 1)]));
        Assert.Null(EnhancementEntry.Of([text, ids, Numbers(0, 3, 1L << 31)]));
        Assert.Null(EnhancementEntry.Of([text, ids, Numbers(0, 3)]));
        Assert.Null(EnhancementEntry.Of([text, ids, Numbers(0, 3, 1), ids]));
        Assert.Null(EnhancementEntry.Of([text, ids, Numbers(0, 3, 1), text, text]));
    }

    private static CachedTensor Numbers(params long[] numbers) => CachedTensor.Of<long>(ElementType.I64, numbers, numbers.Length);

    private static GemmaTokenizer Tokenizer(string piece)
    {
        TokenizerJson json = new();
        json.Pieces.Add(piece);
        return json.Parse();
    }

    private ResultCache NewCache() => new(_directory["cache"]);

    private static (Enhancement Enhancement, ResultCache Cache, bool Ran) Enhance(ResultCache? cache)
    {
        using GemmaTextGenerator generator = GemmaTextGenerator.LoadDemo();
        using PromptEnhancer enhancer = new(generator, "S", cache);
        return (enhancer.Enhance("fox", Options), cache!, generator.Loop.MostTogether > 0);
    }
}
