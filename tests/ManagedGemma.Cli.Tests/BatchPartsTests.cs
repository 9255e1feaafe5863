using ManagedGemma.Cli.Commands.Encode;
using ManagedGemma.Cli.Hosting;
using ManagedGemma.Cli.Input;
using ManagedGemma.Cli.Output;
using ManagedGemma.Cli.Terminal;
using ManagedGemma.Cli.Tests.Support;
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
    [InlineData(1, false, new[] { 1, 1, 1, 1, 1 })]
    [InlineData(9, false, new[] { 1, 1, 1, 2 })]
    [InlineData(28, false, new[] { 2, 3 })]
    [InlineData(10, false, new[] { 2, 1, 2 })]
    [InlineData(11, false, new[] { 2, 1, 2 })]
    [InlineData(29, false, new[] { 3, 2 })]
    [InlineData(1000, true, new[] { 5 })]
    public void A_pass_has_at_most_the_batchs_tokens_unless_one_prompt_has_more(int budget, bool hidden, int[] expected)
    {
        // With BOS 4, 6, 19, 3 and 4 tokens.
        Assert.Equal(expected, Passes(["abc", "abcde", new string('x', 18), "ab", "abc"], budget, hidden).Select(x => x.Count));
    }

    [Fact]
    public void Hidden_states_bound_the_prompts_of_a_pass_by_the_files_that_are_open()
    {
        string[] prompts = [.. Enumerable.Repeat("a", 300)];
        Assert.Equal([128, 128, 44], Passes(prompts, 1 << 16, hidden: true).Select(x => x.Count));
        Assert.Equal([300], Passes(prompts, 1 << 16, hidden: false).Select(x => x.Count));
    }

    [Fact]
    public void Progress_counts_prompts_and_tells_rate_and_time_left()
    {
        Clock clock = new();
        BatchProgress progress = new(layers: 4, prompts: 10, weight: 100, clock);
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

    private static List<List<BatchPrompt>> Passes(string[] prompts, int budget, bool hidden)
    {
        using TemporaryDirectory directory = new();
        using Interrupt interrupt = new();
        using GemmaTextEncoder encoder = GemmaTextEncoder.LoadDemo();
        Host host = new()
        {
            Input = () => Stream.Null,
            IsInputRedirected = true,
            Out = TextWriter.Null,
            IsOutTerminal = false,
            Error = TextWriter.Null,
            IsErrorTerminal = false,
        };
        EncodeJob job = new()
        {
            Host = host,
            Interrupt = interrupt,
            Screen = new Screen(host, true),
            Source = new ModelSource(ModelOrigin.Demo, null),
            ReleasesPages = false,
            Settings = new EncodeSettings
            {
                Options = new EncodeOptions(),
                Profile = "ltx",
                Precision = "precise",
                Features = "v2",
                Dtype = "f32",
                Padding = "left",
                ElementType = Checkpoints.ElementType.F32,
                HasHiddenStates = hidden,
            },
            Threads = 1,
            Output = directory.Path,
            PrintsJson = false,
        };
        BatchPrompt[] lines = [.. prompts.Select((x, i) => new BatchPrompt(new BatchLine(i, $"{i}", new Prompt(x, null), null), OutputName.PathOf(directory.Path, $"{i}")))];
        List<List<BatchPrompt>> passes = [.. new BatchPasses(job, new BatchSettings("f", BatchFormat.Text, budget, false), encoder).Of(lines)];
        Assert.Equal(lines, passes.SelectMany(x => x));
        return passes;
    }

    private sealed class Clock : TimeProvider
    {
        public double Seconds { get; set; }

        public override long TimestampFrequency => 1000;

        public override long GetTimestamp() => (long)(Seconds * 1000);
    }
}
