using ManagedGemma.Conditioning;
using ManagedGemma.Ltx.Projection;
using ManagedGemma.Ltx.Tests.Support;
using ManagedGemma.Model;
using ManagedGemma.Tests.Support;
using ManagedGemma.Threading;

namespace ManagedGemma.Ltx.Tests;

/// <summary>Many prompts in one pass: each has the bits that it gets alone.</summary>
public class ManyPromptsTests
{
    private static readonly LtxOptions Short = new() { Length = 128 };

    // From BOS alone to a full length.
    private static readonly string[] Prompts =
        ["", "A red fox.", "x", new('y', 127), "A red fox runs through fresh snow.", "", new('z', 300), "the last one"];

    [Theory]
    [InlineData(1, Precision.Precise)]
    [InlineData(40, Precision.Fast)]
    [InlineData(100_000, Precision.Precise)]
    [InlineData(100_000, Precision.Float32)]
    public void Each_prompt_is_what_it_is_alone(int batchTokens, Precision precision)
    {
        using GemmaTextEncoder encoder = GemmaTextEncoder.LoadDemo();
        using LtxTextConditioner conditioner = LtxTextConditioner.Load(encoder, LtxFixture.Checkpoint("v23"));
        LtxOptions options = Short with { BatchTokens = batchTokens, Precision = precision };
        PromptTokens[] tokens = [.. Prompts.Select(prompt => conditioner.Tokenize(prompt, options))];
        LtxConditioning[] many = [.. conditioner.EncodeMany(tokens, options)];
        Assert.Equal(Prompts.Length, many.Length);
        for (int i = 0; i < many.Length; i++)
        {
            LtxConditioning alone = conditioner.Encode(Prompts[i], options);
            Assert.Equal(tokens[i].Ids, many[i].Projection.TokenIds);
            AssertSame(alone.Projection, many[i].Projection);
            Assert.Equal(Nasty.Bits(alone.Video.Values.Span), Nasty.Bits(many[i].Video.Values.Span));
            Assert.Equal(Nasty.Bits(alone.Audio.Values.Span), Nasty.Bits(many[i].Audio.Values.Span));
        }
    }

    // In V1 a prompt's states are normed over all of its tokens, and only its own.
    [Theory]
    [InlineData("v20", 1 << 30)]
    [InlineData("v23", 1 << 30)]
    [InlineData("v20", 5)]
    [InlineData("v23", 5)]
    public void Blocks_are_a_prompts_own(string version, int statesOfSmaller)
    {
        using LtxCheckpoint checkpoint = LtxCheckpoint.Open(LtxFixture.Checkpoint(version));
        using WorkerTeam team = new(2);
        int hidden = LtxFixture.Hidden(version);
        float[][][] prompts = [.. Enumerable.Range(0, 3).Select(_ => LtxFixture.ValidStates(version, "a"))];
        foreach (float[] state in prompts[1])
        {
            Array.Reverse(state);
        }

        long blockBytes = (long)statesOfSmaller * prompts[0][0].Length * sizeof(float);
        StateNorm norm = new(Kernels.KernelTable.ForMachine(), checkpoint.Config.Features, 1e-6f);
        using ProjectionBatch batch = new(checkpoint.Projection, "encoder", Kernels.KernelTable.ForMachine(), team, norm, blockBytes);
        ProjectionSink[] sinks = [.. prompts.Select(_ => batch.Add())];
        LtxFixture.FeedSideBySide(sinks, prompts, hidden);
        for (int i = 0; i < prompts.Length; i++)
        {
            LtxProjection alone = LtxFixture.Project(checkpoint, prompts[i], hidden, 128, Kernels.KernelTable.ForMachine(), team, blockBytes);
            AssertSame(alone, sinks[i].Result(128, []));
        }

        Assert.NotEqual(
            Nasty.Bits(sinks[0].Result(128, []).Video.Values.Span), Nasty.Bits(sinks[1].Result(128, []).Video.Values.Span));
    }

    [Fact]
    public void Prompts_with_other_blocks_are_refused()
    {
        using LtxCheckpoint checkpoint = LtxCheckpoint.Open(LtxFixture.Checkpoint("v23"));
        using WorkerTeam team = new(1);
        float[][] small = LtxFixture.ValidStates("v23", "a"), large = LtxFixture.ValidStates("v23", "b");
        StateNorm norm = new(Kernels.KernelTable.ForMachine(), checkpoint.Config.Features, 1e-6f);
        using ProjectionBatch batch = new(
            checkpoint.Projection, "encoder", Kernels.KernelTable.ForMachine(), team, norm, LtxFixture.States * small[0].Length * sizeof(float));
        ProjectionSink[] sinks = [batch.Add(), batch.Add()];
        Assert.Throws<ArgumentException>(() => LtxFixture.FeedSideBySide(sinks, [small, large], LtxFixture.Hidden("v23")));
    }

    // 13 states of 128 floats are 6,656 bytes a token: 31,507 tokens are one block.
    [Fact]
    public void A_pass_ends_where_the_projections_memory_does()
    {
        using GemmaTextEncoder encoder = GemmaTextEncoder.LoadDemo();
        using LtxTextConditioner conditioner = LtxTextConditioner.Load(encoder, LtxFixture.Checkpoint("v23"));
        Assert.True(conditioner.CanShare([31_000, 507], 1 << 20));
        Assert.False(conditioner.CanShare([31_000, 508], 1 << 20));
        Assert.False(conditioner.CanShare([31_000, 507], 31_506));
        Assert.False(conditioner.CanShare([40_000, 20], 1 << 20));
        Assert.True(conditioner.CanShare([40_000], 1 << 20));
    }

    [Fact]
    public void Progress_and_cancellation_reach_every_pass()
    {
        using GemmaTextEncoder encoder = GemmaTextEncoder.LoadDemo();
        using LtxTextConditioner conditioner = LtxTextConditioner.Load(encoder, LtxFixture.Checkpoint("v23"));
        PromptTokens[] tokens = [.. Prompts.Take(3).Select(prompt => conditioner.Tokenize(prompt, Short))];
        int layers = 0;
        using CancellationTokenSource source = new();
        Report report = new(progress =>
        {
            layers++;
            if (layers == 14)
            {
                source.Cancel();
            }
        });
        using IEnumerator<LtxProjection> projections =
            conditioner.ProjectMany(tokens, Short with { BatchTokens = 1 }, null, report, source.Token).GetEnumerator();
        Assert.True(projections.MoveNext());
        Assert.Equal(12, layers);
        Assert.ThrowsAny<OperationCanceledException>(() => projections.MoveNext());
        Assert.Equal(14, layers);
    }

    private static void AssertSame(LtxProjection expected, LtxProjection actual)
    {
        Assert.Equal(Nasty.Bits(expected.Video.Values.Span), Nasty.Bits(actual.Video.Values.Span));
        Assert.Equal(Nasty.Bits(expected.Audio.Values.Span), Nasty.Bits(actual.Audio.Values.Span));
        Assert.Equal(expected.AttentionMask(), actual.AttentionMask());
    }

    private sealed class Report(Action<LtxProgress> take) : IProgress<LtxProgress>
    {
        void IProgress<LtxProgress>.Report(LtxProgress value) => take(value);
    }
}
