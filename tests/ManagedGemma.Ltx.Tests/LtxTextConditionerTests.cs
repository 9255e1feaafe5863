using ManagedGemma.Conditioning;
using ManagedGemma.Kernels;
using ManagedGemma.Ltx.Tests.Support;
using ManagedGemma.Model;
using ManagedGemma.Tests.Support;
using ManagedGemma.Threading;

namespace ManagedGemma.Ltx.Tests;

/// <summary>The whole path with the built-in demo encoder, whose sizes are those of the 2.3 fixture: 13 states of 128.</summary>
public class LtxTextConditionerTests
{
    private const string Prompt = "A red fox runs through fresh snow.";

    private static readonly LtxOptions Short = new() { Length = 128 };

    [Theory]
    [InlineData(Profile.Ltx)]
    [InlineData(Profile.Car)]
    public void A_prompt_is_what_its_states_give_step_by_step(Profile profile)
    {
        using GemmaTextEncoder encoder = GemmaTextEncoder.LoadDemo();
        using LtxTextConditioner conditioner = LtxTextConditioner.Load(encoder, LtxFixture.Checkpoint("v23"));
        LtxOptions options = Short with { Profile = profile, Precision = Precision.Float32 };
        LtxConditioning actual = conditioner.Encode("  " + Prompt, options);

        EncodeOptions encode = new() { Profile = profile, Precision = Precision.Float32, MaxLength = 128 };
        PromptTokens tokens = encoder.Tokenize("  " + Prompt, encode);
        HiddenStateCollector states = new();
        encoder.Encode(tokens, encode, states);
        using WorkerTeam team = new(1);
        KernelTable kernels = KernelTable.ForMachine();
        LtxCheckpoint checkpoint = conditioner.Checkpoint;
        LtxProjection projection = LtxFixture.Project(checkpoint, [.. states.States], 128, 128, kernels, team);
        Assert.Equal(Nasty.Bits(projection.Video.Values.Span), Nasty.Bits(actual.Projection.Video.Values.Span));
        Assert.Equal(Nasty.Bits(projection.Audio.Values.Span), Nasty.Bits(actual.Projection.Audio.Values.Span));
        EmbeddingRows video = LtxFixture.Connect(checkpoint, checkpoint.Video, projection.Video, 128, kernels, team);
        EmbeddingRows audio = LtxFixture.Connect(checkpoint, checkpoint.Audio, projection.Audio, 128, kernels, team);
        Assert.Equal(Nasty.Bits(video.Values.Span), Nasty.Bits(actual.Video.Values.Span));
        Assert.Equal(Nasty.Bits(audio.Values.Span), Nasty.Bits(actual.Audio.Values.Span));
        Assert.Equal(tokens.Ids, actual.Projection.TokenIds);
        Assert.Equal(Enumerable.Repeat(1, 128), actual.AttentionMask());
        Assert.Equal((128, 128, 64), (actual.Length, actual.Video.Width, actual.Audio.Width));
    }

    [Fact]
    public void The_encoder_of_another_size_is_refused_with_both_sizes_and_the_file()
    {
        using GemmaTextEncoder encoder = GemmaTextEncoder.LoadDemo();
        string path = LtxFixture.Checkpoint("v20");
        GemmaException exception = Assert.Throws<GemmaException>(() => LtxTextConditioner.Load(encoder, path));
        Assert.Equal(path, exception.FilePath);
        Assert.Equal("hidden size 64 with 13 hidden states", exception.Expected);
        Assert.Equal("hidden size 128 with 13 hidden states", exception.Found);
        Assert.Contains(encoder.Model.Checkpoint.Location, exception.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-128)]
    [InlineData(100)]
    [InlineData(129)]
    [InlineData(1 << 16)]
    public void A_length_that_registers_cannot_fill_is_refused(int length)
    {
        using GemmaTextEncoder encoder = GemmaTextEncoder.LoadDemo();
        using LtxTextConditioner conditioner = LtxTextConditioner.Load(encoder, LtxFixture.Checkpoint("v23"));
        GemmaException exception = Assert.Throws<GemmaException>(() => conditioner.Encode(Prompt, new LtxOptions { Length = length }));
        Assert.Equal(("length", $"{length}"), (exception.Subject, exception.Found));
        Assert.Contains("128", exception.Expected, StringComparison.Ordinal);
    }

    [Fact]
    public void Long_prompts_keep_their_first_tokens_and_fill_all_slots()
    {
        using GemmaTextEncoder encoder = GemmaTextEncoder.LoadDemo();
        using LtxTextConditioner conditioner = LtxTextConditioner.Load(encoder, LtxFixture.Checkpoint("v23"));
        string text = string.Concat(Enumerable.Repeat(Prompt, 10));
        LtxConditioning cut = conditioner.Encode(text, Short);
        Assert.Equal((128, 128), (cut.Projection.TokenCount, cut.Length));
        Assert.Equal(Nasty.Bits(cut.Video.Values.Span), Nasty.Bits(conditioner.Encode(text[..127], Short).Video.Values.Span));
    }

    [Fact]
    public void Progress_goes_through_the_stages_and_a_cancelled_run_ends()
    {
        using GemmaTextEncoder encoder = GemmaTextEncoder.LoadDemo();
        using LtxTextConditioner conditioner = LtxTextConditioner.Load(encoder, LtxFixture.Checkpoint("v23"));
        List<LtxProgress> seen = [];
        conditioner.Encode(Prompt, Short, new Report(seen.Add));
        Assert.Equal(
            [
                .. Enumerable.Range(1, 12).Select(i => new LtxProgress(LtxStage.Encoder, i, 12)),
                .. Enumerable.Range(1, 2).Select(i => new LtxProgress(LtxStage.VideoConnector, i, 2)),
                .. Enumerable.Range(1, 2).Select(i => new LtxProgress(LtxStage.AudioConnector, i, 2)),
            ],
            seen);
        foreach (LtxProgress last in seen.SkipLast(1))
        {
            using CancellationTokenSource source = new();
            int after = 0;
            Report report = new(progress =>
            {
                after += source.IsCancellationRequested ? 1 : 0;
                if (progress == last)
                {
                    source.Cancel();
                }
            });
            Assert.ThrowsAny<OperationCanceledException>(() => conditioner.Encode(Prompt, Short, report, source.Token));
            Assert.Equal(0, after);
        }
    }

    [Fact]
    public void A_conditioner_that_is_disposed_during_a_run_ends_it_first()
    {
        using GemmaTextEncoder encoder = GemmaTextEncoder.LoadDemo();
        LtxTextConditioner conditioner = LtxTextConditioner.Load(encoder, LtxFixture.Checkpoint("v23"));
        LtxConditioning expected = conditioner.Encode(Prompt, Short);
        LtxProjection projection = conditioner.Project(conditioner.Tokenize(Prompt, Short), Short);
        LtxConditioning actual = conditioner.Connect(projection, new Report(_ => conditioner.Dispose()));
        Assert.Equal(Nasty.Bits(expected.Audio.Values.Span), Nasty.Bits(actual.Audio.Values.Span));
        Assert.Throws<ObjectDisposedException>(() => conditioner.Encode(Prompt, Short));
    }

    [Fact]
    public void Cached_rows_must_fit_mask_and_connector()
    {
        using GemmaTextEncoder encoder = GemmaTextEncoder.LoadDemo();
        using LtxTextConditioner conditioner = LtxTextConditioner.Load(encoder, LtxFixture.Checkpoint("v23"));
        EmbeddingRows video = new(128, 128, new float[128 * 128]), audio = new(128, 64, new float[128 * 64]), few = new(127, 64, new float[127 * 64]);
        int[] mask = [.. Enumerable.Repeat(0, 120), .. Enumerable.Repeat(1, 8)];
        Assert.Equal("length", Assert.Throws<GemmaException>(() => LtxProjection.FromPadded(video, audio, mask.AsSpan(1))).Subject);
        Assert.Equal("audio rows", Assert.Throws<GemmaException>(() => LtxProjection.FromPadded(video, few, mask)).Subject);
        Assert.Equal("VideoConnector", Assert.Throws<GemmaException>(() => conditioner.Connect(LtxProjection.FromPadded(audio, audio, mask))).Subject);
        Assert.Equal(8, LtxProjection.FromPadded(video, audio, mask).TokenCount);
        float[] broken = new float[128 * 128];
        broken[^1] = float.NaN;
        Assert.Equal(
            "row 7",
            Assert.Throws<GemmaException>(() => conditioner.Connect(LtxProjection.FromPadded(new EmbeddingRows(128, 128, broken), audio, mask))).Subject);
    }

    private sealed class Report(Action<LtxProgress> take) : IProgress<LtxProgress>
    {
        void IProgress<LtxProgress>.Report(LtxProgress value) => take(value);
    }
}
