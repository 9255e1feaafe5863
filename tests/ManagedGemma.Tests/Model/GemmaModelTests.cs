using ManagedGemma.Checkpoints.Synthetic;
using ManagedGemma.Conditioning;
using ManagedGemma.Model;
using ManagedGemma.Tests.Support;

namespace ManagedGemma.Tests.Model;

public class GemmaModelTests
{
    private static readonly int[] Ids = [2, .. Enumerable.Range(0, 90).Select(i => (i * 37 % 250) + 4)];

    [Theory]
    [InlineData(Precision.Precise)]
    [InlineData(Precision.Fast)]
    [InlineData(Precision.Float32)]
    public void Any_number_of_threads_gives_the_same_bits(Precision precision)
    {
        float[]? first = null;
        foreach (int threads in new[] { 1, 2, 3, 7 })
        {
            using GemmaModel model = new(DemoCheckpoint.Open(), new GemmaModelOptions { Threads = threads });
            float[] states = States(model, Ids, precision);
            first ??= states;
            Assert.Equal(Nasty.Bits(first), Nasty.Bits(states));
        }
    }

    [Theory]
    [InlineData(Precision.Precise)]
    [InlineData(Precision.Float32)]
    public void A_longer_prompt_leaves_the_earlier_tokens_bits_as_they_are(Precision precision)
    {
        using GemmaModel model = new(DemoCheckpoint.Open());
        HiddenStateCollector whole = Collect(model, Ids, precision), part = Collect(model, Ids[..41], precision);
        for (int state = 0; state < whole.States.Count; state++)
        {
            Assert.Equal(Nasty.Bits(part.States[state]), Nasty.Bits(whole.States[state].AsSpan(0, part.States[state].Length)));
        }
    }

    [Theory]
    [InlineData(Precision.Precise)]
    [InlineData(Precision.Fast)]
    [InlineData(Precision.Float32)]
    public void Prompts_in_one_pass_have_the_bits_that_they_get_alone(Precision precision)
    {
        using GemmaModel model = new(DemoCheckpoint.Open(), new GemmaModelOptions { Threads = 3 });
        int[][] prompts = [[2, 77, 99], [2], Ids[..33], [2], Ids, [5]];
        HiddenStateCollector[] together = [.. prompts.Select(_ => new HiddenStateCollector())];
        model.RunBatch(prompts, together, new RunOptions { Precision = precision });
        for (int i = 0; i < prompts.Length; i++)
        {
            Assert.Equal(
                Nasty.Bits([.. Collect(model, prompts[i], precision).States.SelectMany(state => state)]),
                Nasty.Bits([.. together[i].States.SelectMany(state => state)]));
        }
    }

    [Fact]
    public void Pages_that_are_given_back_are_read_again()
    {
        string path = Path.Combine(TestFiles.Fixtures, "zoo", "vlm-4bit");
        using GemmaModel keeps = GemmaModel.Load(path), releases = GemmaModel.Load(path, new GemmaModelOptions { ReleasePages = true });
        float[] expected = States(keeps, Ids, Precision.Precise);
        Assert.Equal(Nasty.Bits(expected), Nasty.Bits(States(releases, Ids, Precision.Precise)));
        Assert.Equal(Nasty.Bits(expected), Nasty.Bits(States(releases, Ids, Precision.Precise)));
    }

    [Fact]
    public void A_sequence_that_grows_in_pieces_has_the_bits_of_the_whole_in_float32()
    {
        using GemmaModel model = new(DemoCheckpoint.Open());
        RunOptions options = new() { Precision = Precision.Float32 };
        HiddenStateCollector whole = Collect(model, Ids, Precision.Float32);
        using SequenceCache sequence = model.NewSequence(), other = model.NewSequence();
        int done = 0;
        foreach (int count in new[] { 31, 1, 2, 40, 1, 16 })
        {
            HiddenStateCollector states = new();
            model.Advance([other, sequence], [[7], Ids[done..(done + count)]], options, [new HiddenStateCollector(), states]);
            for (int state = 0; state < states.States.Count; state++)
            {
                Assert.Equal(Nasty.Bits(whole.States[state].AsSpan(done * 128, count * 128)), Nasty.Bits(states.States[state]));
            }

            done += count;
        }

        Assert.Equal(Ids.Length, done);
    }

    [Theory]
    [InlineData(Precision.Precise, 1e-3)]
    [InlineData(Precision.Fast, 3e-2)]
    public void A_sequence_that_grows_token_by_token_stays_close_to_the_whole(Precision precision, double tolerance)
    {
        using GemmaModel model = new(DemoCheckpoint.Open());
        HiddenStateCollector whole = Collect(model, Ids, Precision.Float32);
        using SequenceCache sequence = model.NewSequence();
        HiddenStateCollector last = new();
        foreach (int id in Ids)
        {
            model.Advance([sequence], [[id]], new RunOptions { Precision = precision }, [last]);
        }

        Assert.InRange(Golden.RelativeL2(last.States[^1], whole.States[^1].AsSpan((Ids.Length - 1) * 128)), 0, tolerance);
    }

    [Fact]
    public void Many_threads_may_run_one_model()
    {
        using GemmaModel model = new(DemoCheckpoint.Open());
        int[] expected = Nasty.Bits(States(model, Ids, Precision.Precise));
        Parallel.For(0, 12, _ => Assert.Equal(expected, Nasty.Bits(States(model, Ids, Precision.Precise))));
    }

    [Fact]
    public void Disposing_waits_for_nobody_and_breaks_nobody()
    {
        GemmaModel model = new(DemoCheckpoint.Open());
        DisposingSink sink = new(model);
        model.Run(Ids, sink);
        Assert.Equal(model.Config.LayerCount + 2, sink.Accepted);
        Assert.Throws<ObjectDisposedException>(() => model.Run(Ids, sink));
    }

    [Fact]
    public void Cancellation_ends_a_run()
    {
        using GemmaModel model = new(DemoCheckpoint.Open());
        using CancellationTokenSource source = new();
        Progress progress = new(report =>
        {
            if (report.Done == 3)
            {
                source.Cancel();
            }
        });
        Assert.ThrowsAny<OperationCanceledException>(() => model.Run(Ids, new HiddenStateCollector(), null, progress, source.Token));
        Assert.Equal(3, progress.Last.Done);
        Assert.Equal(model.Config.LayerCount, progress.Last.Total);
    }

    [Fact]
    public void Wrong_tokens_are_named()
    {
        using GemmaModel model = new(DemoCheckpoint.Open());
        Assert.Contains("320", Assert.Throws<GemmaException>(() => Collect(model, [2, 320], Precision.Fast)).Message, StringComparison.Ordinal);
        Assert.Contains("-1", Assert.Throws<GemmaException>(() => Collect(model, [2, -1], Precision.Fast)).Message, StringComparison.Ordinal);
        Assert.Contains("no tokens", Assert.Throws<GemmaException>(() => Collect(model, [], Precision.Fast)).Message, StringComparison.Ordinal);
        Assert.Throws<GemmaException>(() => new GemmaModel(DemoCheckpoint.Open(), new GemmaModelOptions { Threads = 0 }));
    }

    [Fact]
    public void A_run_of_ten_thousand_tokens_is_finite()
    {
        using GemmaModel model = new(DemoCheckpoint.Open());
        int[] ids = [2, .. Enumerable.Range(0, 9_999).Select(i => (i * 31 % 250) + 4)];
        FiniteSink sink = new();
        model.Run(ids, sink, new RunOptions { Precision = Precision.Fast });
        Assert.True(sink.AllFinite);
    }

    [Fact]
    public void The_three_precisions_agree_as_closely_as_they_promise()
    {
        using GemmaModel model = new(DemoCheckpoint.Open());
        float[] exact = States(model, Ids, Precision.Float32);
        Assert.InRange(Golden.RelativeL2(States(model, Ids, Precision.Precise), exact), 1e-7, 1e-3);
        Assert.InRange(Golden.RelativeL2(States(model, Ids, Precision.Fast), exact), 1e-4, 3e-2);
    }

    private static HiddenStateCollector Collect(GemmaModel model, int[] ids, Precision precision)
    {
        HiddenStateCollector states = new();
        model.Run(ids, states, new RunOptions { Precision = precision });
        return states;
    }

    private static float[] States(GemmaModel model, int[] ids, Precision precision) => [.. Collect(model, ids, precision).States.SelectMany(state => state)];

    private sealed class Progress(Action<LayerProgress> react) : IProgress<LayerProgress>
    {
        public LayerProgress Last { get; private set; }

        public void Report(LayerProgress value)
        {
            Last = value;
            react(value);
        }
    }

    private sealed class DisposingSink(GemmaModel model) : IHiddenStateSink
    {
        public int Accepted { get; private set; }

        public void Begin(HiddenStateShape shape) => model.Dispose();

        public void Accept(in HiddenState state) => Accepted++;
    }

    private sealed class FiniteSink : IHiddenStateSink
    {
        public bool AllFinite { get; private set; } = true;

        public void Begin(HiddenStateShape shape)
        {
        }

        public void Accept(in HiddenState state) => AllFinite &= !state.Values.ContainsAny(float.NaN, float.PositiveInfinity, float.NegativeInfinity);
    }
}
