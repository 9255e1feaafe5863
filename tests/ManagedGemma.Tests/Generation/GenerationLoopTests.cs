using ManagedGemma.Generation;
using ManagedGemma.Model;

namespace ManagedGemma.Tests.Generation;

/// <summary>Whose turn it is, and what is left of one that went.</summary>
public sealed class GenerationLoopTests
{
    private static readonly GenerationOptions Endless = new() { MaxTokens = 100_000, StopIds = [] };

    // One that would go on for minutes, of the lowest precision and of the highest, and one of the other beside it.
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Sequences_of_different_precision_take_turns(bool isLowestFirst)
    {
        Precision[] precisions = [.. Enum.GetValues<Precision>().Order()];
        (Precision one, Precision other) = isLowestFirst ? (precisions[0], precisions[^1]) : (precisions[^1], precisions[0]);
        using GemmaTextGenerator generator = GemmaTextGenerator.LoadDemo();
        using CancellationTokenSource late = new(TimeSpan.FromMinutes(1));
        using IEnumerator<GenerationUpdate> endless = generator.Generate([2, 70], Endless with { Precision = one }).GetEnumerator();
        Assert.True(endless.MoveNext());
        Assert.Equal(5, generator.Complete([2, 71], new() { MaxTokens = 5, StopIds = [], Precision = other }, null, late.Token).TokenIds.Count);
    }

    [Fact]
    public async Task A_sequence_whose_caller_went_gives_its_memory_back()
    {
        using GemmaTextGenerator generator = GemmaTextGenerator.LoadDemo();
        using CancellationTokenSource late = new(TimeSpan.FromMinutes(1));
        GenerationRequest request = new(GeneratorTests.Ids(1, 100), Endless, null, [], generator.ContextLength);
        using GenerationSequence sequence = new(request, generator.Model, generator.Tokenizer, generator.Loop, () => "", CancellationToken.None);
        SequenceCache cache = sequence.PromptInput(1).Cache;
        generator.Loop.Submit(sequence);
        Assert.True(await sequence.Updates.WaitToReadAsync(late.Token));
        sequence.Dispose();

        // Its updates end when it is freed.
        await foreach (GenerationUpdate update in sequence.Updates.ReadAllAsync(late.Token))
        {
            Assert.Null(update.FinishReason);
        }

        Assert.InRange(cache.Length, 100, 100_000);
        Assert.Equal(0, cache.ByteLength);
    }

    // The second half of the prompt is under way when the caller goes; a machine that is busy elsewhere may have it done before, but not every time.
    [Fact]
    public void A_pass_is_broken_off_when_all_its_callers_went()
    {
        using GemmaTextGenerator generator = GemmaTextGenerator.LoadDemo(options: new GeneratorOptions { PromptTokens = 2000 });
        int[] prompt = GeneratorTests.Ids(2, 4000);
        for (int attempt = 1, before = 0; ; attempt++, before = generator.Loop.Passes)
        {
            using CancellationTokenSource source = new();
            Started second = new(() => source.CancelAfter(20));
            Assert.ThrowsAny<OperationCanceledException>(() => generator.Complete(prompt, Endless with { Progress = second }, null, source.Token));
            SpinWait.SpinUntil(() => !generator.Loop.IsRunning);
            if (generator.Loop.Passes == before + 1)
            {
                return;
            }

            Assert.True(attempt < 10, "a pass for nobody went on to its end");
        }
    }

    // Told by the loop's own thread, between the prompt's first piece and its second.
    private sealed class Started(Action act) : IProgress<PromptProgress>
    {
        public void Report(PromptProgress value) => act();
    }
}
