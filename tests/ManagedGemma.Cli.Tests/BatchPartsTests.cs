using ManagedGemma.Cli.Commands.Batch;
using ManagedGemma.Cli.Commands.Encode;
using ManagedGemma.Cli.Input;
using ManagedGemma.Cli.Terminal;
using ManagedGemma.Conditioning;
using ManagedGemma.Model;

namespace ManagedGemma.Cli.Tests;

/// <summary>Parts of a batch alone: lines, passes, progress.</summary>
public sealed class BatchPartsTests
{
    [Fact]
    public void A_line_may_be_as_long_as_the_limit_and_a_longer_one_is_passed_over()
    {
        byte[] bytes = [.. "\uFEFFab\n"u8, .. Enumerable.Repeat((byte)'x', 200_000), .. "\n"u8, .. Enumerable.Repeat((byte)'y', 100_000), .. "\r\n\nlast"u8];
        LineReader reader = new(new MemoryStream(bytes), "f", longest: 100_001);
        List<(long, int, bool)> lines = [];
        while (reader.Next(out ReadOnlySpan<byte> line))
        {
            lines.Add((reader.Number, line.Length, reader.IsTooLong));
        }

        Assert.Equal([(1, 2, false), (2, 0, true), (3, 100_000, false), (4, 0, false), (5, 4, false)], lines);
    }

    [Fact]
    public void A_line_that_is_too_long_at_the_end_is_a_line()
    {
        LineReader reader = new(new MemoryStream(new byte[300_000]), "f", longest: 70_000);
        Assert.True(reader.Next(out _));
        Assert.True(reader.IsTooLong);
        Assert.False(reader.Next(out _));
    }

    [Theory]
    [InlineData(1, new[] { 1, 1, 1, 1, 1 })]
    [InlineData(9, new[] { 1, 1, 1, 2 })]
    [InlineData(28, new[] { 2, 3 })]
    [InlineData(10, new[] { 2, 1, 2 })]
    [InlineData(11, new[] { 2, 1, 2 })]
    [InlineData(29, new[] { 3, 2 })]
    [InlineData(1000, new[] { 5 })]
    public void A_pass_has_at_most_the_batchs_tokens_unless_one_prompt_has_more(int budget, int[] expected)
    {
        Assert.Equal(expected, Passes([4, 6, 19, 3, 4], counts => counts.Sum() <= budget).Select(x => x.Count));
    }

    [Fact]
    public void Hidden_states_bound_the_prompts_of_a_pass_by_the_files_that_are_open()
    {
        int[] tokens = [.. Enumerable.Repeat(2, 300)];
        Assert.Equal([128, 128, 44], Passes(tokens, counts => BatchEncode.CanShare(counts, 1 << 16, hasHiddenStates: true)).Select(x => x.Count));
        Assert.Equal([300], Passes(tokens, counts => BatchEncode.CanShare(counts, 1 << 16, hasHiddenStates: false)).Select(x => x.Count));
        Assert.Equal([299, 1], Passes(tokens, counts => BatchEncode.CanShare(counts, 598, hasHiddenStates: false)).Select(x => x.Count));
    }

    [Fact]
    public void Prompts_that_are_settled_on_the_way_are_in_no_pass()
    {
        BatchPrompt[] prompts = Prompts(4, 4, 4, 4);
        BatchPasses passes = new(
            prompt =>
            {
                prompt.Tokens = Tokens(4);
                if (prompt.Line.Number is 1 or 3)
                {
                    prompt.Skip();
                }
            },
            counts => counts.Sum() <= 8,
            CancellationToken.None);
        Assert.Equal([prompts[1], prompts[3]], Assert.Single(passes.Of(prompts)));
    }

    [Fact]
    public void Progress_counts_prompts_and_tells_rate_and_time_left()
    {
        Clock clock = new();
        BatchProgress progress = new(prompts: 10, weight: 100, clock);
        Assert.Equal((0, "0/10 prompts"), progress.Read());

        // 20 were there already, which took no time.
        progress.Begin(2, tokens: 100, before: 20, passWeight: 40);
        clock.Seconds = 10;
        progress.Report(new LayerProgress(2, 4));
        Assert.Equal((0.4, "0/10 prompts  5.00 tokens/s  0:30 left"), progress.Read());
        clock.Seconds = 14;
        Assert.Equal((0.4, "0/10 prompts  5.00 tokens/s  0:26 left"), progress.Read());
        clock.Seconds = 20;
        progress.End();
        Assert.Equal((0.6, "2/10 prompts  5.00 tokens/s  0:20 left"), progress.Read());
    }

    [Theory]
    [InlineData(-3, "0:00 left")]
    [InlineData(6.2, "0:07 left")]
    [InlineData(720, "12:00 left")]
    [InlineData(3723, "1:02:03 left")]
    [InlineData(100_000, "27:46:40 left")]
    public void Time_left_is_read_like_a_clock(double seconds, string expected) => Assert.Equal(expected, Amount.TimeLeft(seconds));

    private static List<List<BatchPrompt>> Passes(int[] tokens, Func<IReadOnlyList<int>, bool> canShare)
    {
        BatchPrompt[] prompts = Prompts(tokens);
        BatchPasses passes = new(prompt => prompt.Tokens = Tokens(tokens[prompt.Line.Number - 1]), canShare, CancellationToken.None);
        List<List<BatchPrompt>> all = [.. passes.Of(prompts)];
        Assert.Equal(prompts, all.SelectMany(x => x));
        return all;
    }

    private static BatchPrompt[] Prompts(params int[] tokens) =>
        [.. tokens.Select((_, i) => new BatchPrompt(new BatchLine(i + 1, $"{i}", new Prompt("x", null), null), $"{i}.safetensors"))];

    private static PromptTokens Tokens(int count) => new([.. Enumerable.Repeat(7, count)], count);

    private sealed class Clock : TimeProvider
    {
        public double Seconds { get; set; }

        public override long TimestampFrequency => 1000;

        public override long GetTimestamp() => (long)(Seconds * 1000);
    }
}
