using System.Diagnostics;
using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;
using ManagedGemma.Checkpoints.Synthetic;
using ManagedGemma.Conditioning;
using ManagedGemma.Generation;
using ManagedGemma.Model;
using ManagedGemma.Tests.Support;
using ManagedGemma.Tokenization;

namespace ManagedGemma.Tests.Generation;

/// <summary>Generations on the built-in demo: alone, together, cut short, refused.</summary>
public sealed class GeneratorTests
{
    private static readonly Precision[] Precisions = Enum.GetValues<Precision>();

    internal static Arbitrary<Job[]> Batches { get; } =
        (from count in Gen.Choose(2, 7)
         from jobs in Gen.ArrayOf(Jobs(), count)
         select jobs).ToArbitrary();

    // Prompts longer than the demo's window of 64 and than a piece of 20, sampled and greedy texts, candidates tried or not, other threads,
    // other places in the queue: every token and log-probability has the bits that it has alone.
    [Property(MaxTest = 12)]
    public Property Sequences_together_have_the_bits_of_each_alone() => Prop.ForAll(Batches, jobs =>
    {
        using GemmaTextGenerator alone = GemmaTextGenerator.LoadDemo(new GemmaModelOptions { Threads = 1 });
        using GemmaTextGenerator shared = GemmaTextGenerator.LoadDemo(
            new GemmaModelOptions { Threads = 3 }, new GeneratorOptions { MaxSequences = 4, PromptTokens = 20 });
        GenerationResult[] together = new GenerationResult[jobs.Length];
        Thread[] callers = [.. jobs.Select((job, i) => new Thread(() => together[i] = shared.Complete(job.Prompt, job.Options)))];
        Array.ForEach(callers, caller => caller.Start());
        Array.ForEach(callers, caller => caller.Join());
        return jobs.Zip(together).All(pair =>
        {
            GenerationResult single = alone.Complete(pair.First.Prompt, pair.First.Options with { PromptLookup = PromptLookup.Off });
            return Same(single, pair.Second) && single.Usage.Passes == single.Usage.GeneratedTokens - 1;
        });
    });

    [Theory]
    [InlineData(16, 500, 6)]
    [InlineData(2, 20, 2)]
    public async Task Sequences_that_wait_together_share_passes_up_to_the_most_and_each_has_its_turn(int maxSequences, int tokens, int most)
    {
        using GemmaTextGenerator generator = GemmaTextGenerator.LoadDemo(options: new GeneratorOptions { MaxSequences = maxSequences });
        GenerationOptions options = new() { MaxTokens = tokens, StopIds = [] };
        IAsyncEnumerator<GenerationUpdate>[] callers = [.. Enumerable.Range(0, 6).Select(i => generator.GenerateAsync(Ids(i, 30), options).GetAsyncEnumerator())];

        // Each begins with its first wait; none is awaited before all have begun.
        Task<bool>[] first = [.. callers.Select(caller => caller.MoveNextAsync().AsTask())];
        Assert.All(await Task.WhenAll(first), Assert.True);
        foreach (IAsyncEnumerator<GenerationUpdate> caller in callers)
        {
            await caller.DisposeAsync();
        }

        Assert.InRange(generator.Loop.MostTogether, 2, most);
    }

    [Theory]
    [InlineData(PromptLookup.Off)]
    [InlineData(PromptLookup.On)]
    [InlineData(PromptLookup.Auto)]
    public async Task Updates_add_up_to_the_result(PromptLookup lookup)
    {
        using GemmaTextGenerator generator = GemmaTextGenerator.LoadDemo();
        int[] prompt = generator.Tokenizer.EncodePrompt("la la la la la");
        GenerationOptions options = new()
        {
            MaxTokens = 40,
            Temperature = 0.8,
            TopK = 5,
            Seed = 3,
            PromptLookup = lookup,
            LogProbabilities = 2,

            // The demo has more rows than its tokenizer has tokens.
            LogitBias = Enumerable.Range(260, 60).ToDictionary(id => id, _ => double.NegativeInfinity),
        };
        List<GenerationUpdate> updates = [];
        await foreach (GenerationUpdate update in generator.GenerateAsync(prompt, options))
        {
            Assert.True(updates.Count == 0 || updates[^1].FinishReason is null);
            updates.Add(update);
        }

        GenerationResult result = generator.Complete(prompt, options);
        Assert.Equal(result.TokenIds, updates.SelectMany(update => update.TokenIds));
        Assert.Equal(result.Text, string.Concat(updates.Select(update => update.Text)));
        Assert.Equal(result.Text, generator.Tokenizer.Decode(result.TokenIds));
        Assert.Equal(result.FinishReason, updates[^1].FinishReason);
        Assert.Equal(updates.Count, updates[^1].Usage!.Passes + 1);
        Assert.Equal(result.LogProbabilities.Count, result.Usage.GeneratedTokens);
        Assert.All(result.LogProbabilities, token => Assert.Equal(2, token.Alternatives.Count));
    }

    [Fact]
    public void The_same_seed_gives_the_same_text_and_another_one_another()
    {
        using GemmaTextGenerator one = GemmaTextGenerator.LoadDemo(new GemmaModelOptions { Threads = 1 });
        using GemmaTextGenerator four = GemmaTextGenerator.LoadDemo(new GemmaModelOptions { Threads = 4 });
        GenerationOptions options = new() { MaxTokens = 30, Temperature = 1, StopIds = [], Seed = 5 };
        int[] prompt = Ids(1, 9);
        Assert.Equal(one.Complete(prompt, options).TokenIds, four.Complete(prompt, options).TokenIds);
        Assert.NotEqual(one.Complete(prompt, options).TokenIds, one.Complete(prompt, options with { Seed = 6 }).TokenIds);
    }

    // So hot that all 320 ids are alike: 40 draws give about 320 · (1 − e^(−40/320)) = 38 of them, and one draw for all places gives one.
    [Fact]
    public void Every_place_of_a_text_is_drawn_anew()
    {
        using GemmaTextGenerator generator = GemmaTextGenerator.LoadDemo();
        GenerationOptions options = new() { MaxTokens = 40, Temperature = 1e9, StopIds = [], Seed = 1 };
        Assert.InRange(generator.Complete(Ids(1, 9), options).TokenIds.Distinct().Count(), 25, 40);
    }

    // A penalty that leaves nothing of a positive logit: the highest of all others wins.
    [Fact]
    public void A_penalty_keeps_what_prompt_and_text_have_out_of_the_text()
    {
        using GemmaTextGenerator generator = GemmaTextGenerator.LoadDemo();
        GenerationOptions plain = new() { MaxTokens = 30, StopIds = [] }, penalized = plain with { RepetitionPenalty = 1e30 };
        int[] begin = Ids(1, 9), prompt = [.. begin, .. generator.Complete(begin, plain).TokenIds];
        IReadOnlyList<int> free = generator.Complete(prompt, plain).TokenIds, ids = generator.Complete(prompt, penalized).TokenIds;
        Assert.Contains(free[0], prompt);
        Assert.Equal(30, ids.Distinct().Count());
        Assert.Empty(ids.Intersect(prompt));
    }

    [Fact]
    public void A_stop_id_ends_the_text_without_being_part_of_it()
    {
        using GemmaTextGenerator generator = GemmaTextGenerator.LoadDemo();
        int[] prompt = Ids(4, 6);
        GenerationOptions options = new() { MaxTokens = 8, Temperature = 2, StopIds = [], LogProbabilities = 0 };
        IReadOnlyList<int> ids = generator.Complete(prompt, options).TokenIds;
        int at = Enumerable.Range(1, 7).First(i => !ids.Take(i).Contains(ids[i]));
        GenerationResult result = generator.Complete(prompt, options with { StopIds = [ids[at]] });
        Assert.Equal(ids.Take(at), result.TokenIds);
        Assert.Equal((FinishReason.Stop, $"{ids[at]}", at + 1, at + 1), (result.FinishReason, result.StoppedBy, result.Usage.GeneratedTokens, result.LogProbabilities.Count));
    }

    [Fact]
    public async Task A_caller_that_is_cancelled_goes_at_once_and_its_sequence_with_the_pass()
    {
        using GemmaTextGenerator generator = GemmaTextGenerator.LoadDemo();
        using CancellationTokenSource source = new();
        int seen = 0;
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (GenerationUpdate update in generator.GenerateAsync(Ids(0, 5), new() { MaxTokens = 100_000, StopIds = [] }, null, source.Token))
            {
                if (++seen == 3)
                {
                    await source.CancelAsync();
                }
            }
        });
        AssertStops(generator);
        Assert.InRange(seen, 3, 4);
    }

    // The loop's own thread cancels between two passes: not one more may run.
    [Fact]
    public void No_pass_begins_after_a_cancellation()
    {
        using GemmaTextGenerator generator = GemmaTextGenerator.LoadDemo(options: new GeneratorOptions { PromptTokens = 10 });
        using CancellationTokenSource source = new();
        Callback cancel = new(done =>
        {
            if (done == 20)
            {
                source.Cancel();
            }
        });
        Assert.ThrowsAny<OperationCanceledException>(() => generator.Complete(Ids(2, 200), new() { Progress = cancel }, null, source.Token));
        AssertStops(generator);
        Assert.Equal(2, generator.Loop.Passes);
    }

    [Fact]
    public void Leaving_the_loop_ends_the_sequence()
    {
        using GemmaTextGenerator generator = GemmaTextGenerator.LoadDemo();
        foreach (GenerationUpdate update in generator.Generate(Ids(0, 5), new() { MaxTokens = 100_000, StopIds = [] }))
        {
            break;
        }

        AssertStops(generator);
    }

    [Fact]
    public void One_that_is_cancelled_does_not_stop_the_others()
    {
        using GemmaTextGenerator generator = GemmaTextGenerator.LoadDemo();
        GenerationOptions options = new() { MaxTokens = 200, StopIds = [] };
        GenerationResult expected = generator.Complete(Ids(7, 12), options);
        Parallel.For(0, 8, new ParallelOptions { MaxDegreeOfParallelism = 8 }, i =>
        {
            if (i % 2 == 0)
            {
                Assert.True(Same(expected, generator.Complete(Ids(7, 12), options)));
            }
            else
            {
                Assert.Equal(i, generator.Generate(Ids(i, 12), options).Take(i).Count());
            }
        });
    }

    [Fact]
    public void Disposing_ends_what_is_under_way()
    {
        GemmaTextGenerator generator = GemmaTextGenerator.LoadDemo();
        using IEnumerator<GenerationUpdate> updates = generator.Generate(Ids(0, 5), new() { MaxTokens = 100_000, StopIds = [] }).GetEnumerator();
        Assert.True(updates.MoveNext());
        generator.Dispose();
        Assert.Throws<ObjectDisposedException>(() =>
        {
            while (updates.MoveNext())
            {
            }
        });
        Assert.Throws<ObjectDisposedException>(() => generator.Complete(Ids(0, 5)));
        Assert.Throws<ObjectDisposedException>(() => generator.Model.Run([2], new HiddenStateCollector()));
    }

    [Fact]
    public void A_model_that_is_left_open_goes_on()
    {
        using GemmaModel model = new(DemoCheckpoint.Open());
        using (GemmaTextGenerator generator = new(model, new ByteTokenizer(), new GeneratorOptions { LeaveModelOpen = true }))
        {
            generator.Complete([2, 70], new() { MaxTokens = 2 });
        }

        model.Run([2], new HiddenStateCollector());
    }

    [Theory]
    [MemberData(nameof(Bad))]
    public void Options_out_of_range_are_refused_by_name(string subject, GenerationOptions options)
    {
        using GemmaTextGenerator generator = GemmaTextGenerator.LoadDemo();
        GemmaException exception = Assert.Throws<GemmaException>(() => generator.GenerateAsync([2], options));
        Assert.Equal(subject, exception.Subject);
    }

    public static TheoryData<string, GenerationOptions> Bad() => new()
    {
        { "max tokens", new() { MaxTokens = 0 } },
        { "temperature", new() { Temperature = -0.1 } },
        { "temperature", new() { Temperature = double.NaN } },
        { "top-k", new() { TopK = 0 } },
        { "top-p", new() { TopP = 0 } },
        { "top-p", new() { TopP = 1.01 } },
        { "min-p", new() { MinP = 1.5 } },
        { "repetition penalty", new() { RepetitionPenalty = 0 } },
        { "log-probabilities", new() { LogProbabilities = 101 } },
        { "logit bias", new() { LogitBias = new Dictionary<int, double> { [320] = 1 } } },
        { "logit bias", new() { LogitBias = new Dictionary<int, double> { [3] = double.NaN } } },
        { "stop string", new() { StopStrings = ["a", ""] } },
    };

    [Fact]
    public void Prompts_that_cannot_be_are_refused()
    {
        using GemmaTextGenerator generator = GemmaTextGenerator.LoadDemo();
        Assert.Throws<GemmaException>(() => generator.Complete([]));
        Assert.Throws<GemmaException>(() => generator.Complete([2, 320]));
        Assert.Equal("context", Assert.Throws<GemmaException>(() => generator.Complete(new int[generator.ContextLength])).Subject);
    }

    [Theory]
    [InlineData(PromptLookup.Off)]
    [InlineData(PromptLookup.On)]
    public void The_contexts_end_ends_a_text_and_a_prompt_that_fills_it_is_refused(PromptLookup lookup)
    {
        string source = ZooModel.Named("text-4bit").Path, folder = Directory.CreateTempSubdirectory("managed-gemma-test-").FullName;
        try
        {
            File.Copy(Path.Combine(source, "model.safetensors"), Path.Combine(folder, "model.safetensors"));
            string config = File.ReadAllText(Path.Combine(source, "config.json"));
            File.WriteAllText(Path.Combine(folder, "config.json"), config.Replace("\"max_position_embeddings\": 32768", "\"max_position_embeddings\": 64", StringComparison.Ordinal));
            using GemmaTextGenerator generator = new(GemmaModel.Load(folder), new ByteTokenizer());
            Assert.Equal(64, generator.ContextLength);
            GenerationResult result = generator.Complete(Ids(1, 50), new() { StopIds = [], PromptLookup = lookup });
            Assert.Equal((FinishReason.Length, 14), (result.FinishReason, result.TokenIds.Count));
            Assert.Equal("context", Assert.Throws<GemmaException>(() => generator.Complete(Ids(1, 64))).Subject);
            Assert.Equal("max_position_embeddings", Assert.Throws<GemmaException>(() => generator.Complete(Ids(1, 65))).Subject);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void Layers_with_a_window_keep_no_more_than_it()
    {
        using GemmaTextGenerator generator = GemmaTextGenerator.LoadDemo();

        // Two key heads of 32, keys and values, four bytes: 512 a token in each of two full layers and ten with a window of 64.
        Assert.Equal(512 * 12 * 10, generator.CacheBytes(10));
        Assert.Equal(512 * ((2 * 100) + (10 * 64)), generator.CacheBytes(100));
    }

    private static Gen<Job> Jobs() =>
        from seed in Gen.Choose(0, 1000)
        from length in Gen.OneOf(Gen.Choose(1, 5), Gen.Choose(15, 45), Gen.Elements(20, 21, 64, 65, 140))
        from tokens in Gen.Choose(1, 50)
        from temperature in Gen.Elements(0, 0, 0.9)
        from penalty in Gen.Elements(1, 1.2)
        from precision in Gen.Elements(Precisions)
        from lookup in Gen.Elements(PromptLookup.Auto, PromptLookup.On, PromptLookup.Off)
        select new Job(Ids(seed, length), new GenerationOptions
        {
            MaxTokens = tokens,
            Temperature = temperature,
            TopP = 0.95,
            Seed = seed,
            RepetitionPenalty = penalty,
            Precision = precision,
            PromptLookup = lookup,
            LogProbabilities = 1,
            StopIds = [7],
        });

    // Few different ids, so that runs of them occur again.
    internal static int[] Ids(int seed, int count)
    {
        Random random = new(seed);
        return [2, .. Enumerable.Range(1, count - 1).Select(_ => 70 + random.Next(4))];
    }

    internal static bool Same(GenerationResult a, GenerationResult b) =>
        a.TokenIds.SequenceEqual(b.TokenIds)
        && a.Text == b.Text
        && a.FinishReason == b.FinishReason
        && a.LogProbabilities.Select(Flat).SequenceEqual(b.LogProbabilities.Select(Flat));

    private static (int, double, int, double) Flat(TokenLogProbability token) =>
        (token.Id, token.LogProbability, token.Alternatives.Count > 0 ? token.Alternatives[0].Id : -1, token.Alternatives.Count > 0 ? token.Alternatives[0].LogProbability : 0);

    private static void AssertStops(GemmaTextGenerator generator)
    {
        // The pass under way is broken off or ends; then none may follow.
        Stopwatch clock = Stopwatch.StartNew();
        while (generator.Loop.IsRunning)
        {
            Assert.True(clock.Elapsed < TimeSpan.FromMinutes(1), "the sequence goes on");
            Thread.Sleep(1);
        }

        Assert.InRange(generator.Loop.Passes, 1, 99_999);
    }

    private sealed class Callback(Action<int> act) : IProgress<PromptProgress>
    {
        public void Report(PromptProgress value) => act(value.Done);
    }

    internal sealed record Job(int[] Prompt, GenerationOptions Options)
    {
        public override string ToString() => $"[{string.Join(' ', Prompt)}] {Options}";
    }
}
