using ManagedGemma.Caching;
using ManagedGemma.Checkpoints;
using ManagedGemma.Conditioning;
using ManagedGemma.Ltx.Formats;
using ManagedGemma.Ltx.Tests.Support;
using ManagedGemma.Model;
using ManagedGemma.Tests.Support;

namespace ManagedGemma.Ltx.Tests.Caching;

/// <summary>Runs with a cache give the same bits and compute nothing twice.</summary>
public sealed class CachedRunTests : IDisposable
{
    private const ConditioningParts All = ConditioningParts.HiddenStates | ConditioningParts.Projection | ConditioningParts.Context;

    private static readonly LtxOptions Short = new() { Length = 128 };
    private static readonly string[] Prompts = ["A red fox.", "", "worst quality, blurry", "A red fox."];

    private readonly TemporaryDirectory _directory = new();
    private readonly GemmaTextEncoder _encoder = GemmaTextEncoder.LoadDemo();
    private readonly LtxTextConditioner _conditioner;

    public CachedRunTests() => _conditioner = LtxTextConditioner.Load(_encoder, LtxFixture.Checkpoint("v23"));

    public void Dispose()
    {
        _conditioner.Dispose();
        _encoder.Dispose();
        _directory.Dispose();
    }

    [Theory]
    [InlineData(ConditioningParts.HiddenStates)]
    [InlineData(ConditioningParts.Projection)]
    [InlineData(ConditioningParts.Context)]
    [InlineData(All)]
    public void The_second_run_computes_nothing_and_gives_the_same_bits(ConditioningParts needs)
    {
        ConditioningPrompt[] prompts = [.. Prompts.Select(Prompt)];
        ConditioningResult[] expected = [.. prompts.Select(x => new ConditioningRun(_encoder, _conditioner, Short).Compute(x.Tokens, x.Text, needs))];
        ConditioningRun first = new(_encoder, _conditioner, Short, new ResultCache(_directory["cache"]));
        Assert.False(first.IsCached(prompts[0].Tokens, needs));
        AssertSame(expected, [.. first.ComputeMany(prompts, needs)]);
        Assert.True(first.IsCached(prompts[0].Tokens, needs));
        ResultCache cache = new(_directory["cache"]);
        ConditioningRun second = new(_encoder, _conditioner, Short, cache);
        AssertSame(expected, [.. second.ComputeMany(prompts, needs, new Report(_ => Assert.Fail("something was computed")))]);
        Assert.Equal(prompts.Length * (needs == All ? 2 : 1), cache.Hits);
    }

    [Fact]
    public void A_context_begins_with_a_cached_projection()
    {
        ConditioningPrompt prompt = Prompt(Prompts[0]);
        ConditioningRun run = new(_encoder, _conditioner, Short, new ResultCache(_directory["cache"]));
        run.Compute(prompt.Tokens, prompt.Text, ConditioningParts.Projection);
        HashSet<LtxStage> stages = [];
        ConditioningResult actual = run.Compute(prompt.Tokens, prompt.Text, ConditioningParts.Context, new Report(progress => stages.Add(progress.Stage)));
        Assert.Equal([LtxStage.VideoConnector, LtxStage.AudioConnector], stages.Order());
        AssertSame([new ConditioningRun(_encoder, _conditioner, Short).Compute(prompt.Tokens, prompt.Text, ConditioningParts.Context)], [actual]);

        // And a projection with what a context left.
        run.Compute(prompt.Tokens, prompt.Text, ConditioningParts.Projection, new Report(_ => Assert.Fail("something was computed")));
    }

    [Fact]
    public void A_damaged_entry_is_computed_again()
    {
        ConditioningPrompt prompt = Prompt(Prompts[0]);
        ResultCache cache = new(_directory["cache"]);
        ConditioningRun run = new(_encoder, _conditioner, Short, cache);
        ConditioningResult expected = run.Compute(prompt.Tokens, prompt.Text, ConditioningParts.Projection);
        string path = Assert.Single(Directory.GetFiles(_directory["cache"], "*", SearchOption.AllDirectories));
        byte[] bytes = File.ReadAllBytes(path);
        bytes[^3] ^= 0x40;
        File.WriteAllBytes(path, bytes);
        int layers = 0;
        AssertSame([expected], [run.Compute(prompt.Tokens, prompt.Text, ConditioningParts.Projection, new Report(_ => layers++))]);
        Assert.Equal((12, 1), (layers, cache.Damaged));
        run.Compute(prompt.Tokens, prompt.Text, ConditioningParts.Projection, new Report(_ => Assert.Fail("something was computed")));
    }

    [Fact]
    public void A_name_changes_with_everything_that_a_result_is_made_of()
    {
        PromptTokens tokens = Prompt(Prompts[0]).Tokens;
        List<string> names =
        [
            Name(_conditioner, tokens, Short, ConditioningParts.Projection),
            Name(_conditioner, tokens, Short, ConditioningParts.Context),
            Name(_conditioner, tokens, Short with { Profile = Profile.Car }, ConditioningParts.Projection),
            Name(_conditioner, tokens, Short with { Precision = Precision.Fast }, ConditioningParts.Projection),
            Name(_conditioner, tokens, Short with { Length = 256 }, ConditioningParts.Projection),
            Name(_conditioner, new PromptTokens([.. tokens.Ids, 3], tokens.Ids.Count + 1), Short, ConditioningParts.Projection),
        ];

        // One value of one tensor, the last of many.
        EditedCheckpoint edited = new("v23");
        const string Tensor = "text_embedding_projection.video_aggregate_embed.weight";
        edited.SetValue(Tensor, edited.Values(Tensor).Length - 1, 0.5f);
        using (LtxTextConditioner other = LtxTextConditioner.Load(_encoder, edited.Save(_directory["edited.safetensors"])))
        {
            names.Add(Name(other, tokens, Short, ConditioningParts.Projection));
        }

        edited = new EditedCheckpoint("v23");
        edited.Config["connector_positional_embedding_max_pos"] = new System.Text.Json.Nodes.JsonArray(64);
        using (LtxTextConditioner other = LtxTextConditioner.Load(_encoder, edited.Save(_directory["config.safetensors"])))
        {
            names.Add(Name(other, tokens, Short, ConditioningParts.Projection));
        }

        Assert.All(names, name => Assert.Matches("^[0-9a-f]{64}$", name));
        Assert.Equal(names.Count, names.Distinct().Count());
    }

    [Fact]
    public void A_name_stays_where_a_copy_lies_elsewhere_and_tokens_are_cut_anyway()
    {
        string copy = _directory["copy.safetensors"];
        File.Copy(LtxFixture.Checkpoint("v23"), copy);
        File.SetLastWriteTimeUtc(copy, new DateTime(2020, 1, 2, 3, 4, 5, DateTimeKind.Utc));
        PromptTokens tokens = Prompt(new string('x', 200)).Tokens;
        using LtxTextConditioner other = LtxTextConditioner.Load(_encoder, copy);
        string expected = Name(_conditioner, tokens, Short, ConditioningParts.Projection);
        Assert.Equal(expected, Name(other, tokens, Short, ConditioningParts.Projection));
        Assert.Equal(
            expected, Name(other, new PromptTokens([.. tokens.Ids, 7], tokens.Ids.Count + 1), Short with { BatchTokens = 5 }, ConditioningParts.Projection));
    }

    // What is computed from must be in the identity: whoever adds a setting finds this test.
    [Fact]
    public void Settings_that_the_identity_does_not_know_of_are_counted()
    {
        Assert.Equal(20, typeof(GemmaConfig).GetProperties().Length);
        Assert.Equal(9, typeof(LtxConfig).GetProperties().Length);
        Assert.Equal(4, typeof(LtxConnectorConfig).GetProperties().Length);
    }

    private ConditioningPrompt Prompt(string text) => new(_conditioner.Tokenize(text, Short), text);

    private string Name(LtxTextConditioner conditioner, PromptTokens tokens, LtxOptions options, ConditioningParts needs) =>
        new ConditioningRun(_encoder, conditioner, options).NameOf(tokens, needs);

    private static void AssertSame(ConditioningResult[] expected, ConditioningResult[] actual)
    {
        Assert.Equal(expected.Length, actual.Length);
        foreach ((ConditioningResult one, ConditioningResult other) in expected.Zip(actual))
        {
            Assert.Equal((one.Parts, one.Prompt, one.TokenCount, one.Length), (other.Parts, other.Prompt, other.TokenCount, other.Length));
            Assert.Equal(Values(one), Values(other));
            Assert.Equal(one.Projection?.AttentionMask(), other.Projection?.AttentionMask());
        }
    }

    private static List<int> Values(ConditioningResult result)
    {
        List<int> bits = [];
        if (result.Projection is { } projection)
        {
            float[] row = new float[projection.Video.Width];
            for (int i = 0; i < projection.Length; i++)
            {
                projection.CopyVideoRow(i, row);
                bits.AddRange(Nasty.Bits(row));
            }

            bits.AddRange(Nasty.Bits(projection.Audio.Values.Span));
        }

        if (result.Context is { } context)
        {
            bits.AddRange(Nasty.Bits(context.Video.Values.Span));
            bits.AddRange(Nasty.Bits(context.Audio.Values.Span));
        }

        ushort[] state = new ushort[result.HiddenStates?.Width ?? 0];
        for (int i = 0; i < result.TokenCount && result.HiddenStates is { } states; i++)
        {
            states.CopyRow(i, state);
            bits.AddRange(state.Select(value => (int)value));
        }

        return bits;
    }

    private sealed class Report(Action<LtxProgress> take) : IProgress<LtxProgress>
    {
        void IProgress<LtxProgress>.Report(LtxProgress value) => take(value);
    }
}
