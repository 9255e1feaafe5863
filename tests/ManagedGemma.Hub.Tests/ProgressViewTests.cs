using ManagedGemma.Cli.Hosting;
using ManagedGemma.Cli.Terminal;

namespace ManagedGemma.Hub.Tests;

/// <summary>What people see of a download.</summary>
public sealed class ProgressViewTests
{
    private const long Mebi = 1 << 20;

    [Fact]
    public void Rate_and_time_left_are_those_of_the_last_seconds()
    {
        Clock clock = new();
        TransferMeter meter = new(clock);

        // 100 MiB lay there; then 8 MiB a second for 20 seconds, then 2 for 10: of the last 10 seconds the rate is 2.
        meter.Report(Downloaded(0));
        for (int second = 1; second <= 30; second++)
        {
            clock.Seconds = second;
            meter.Report(Downloaded(second <= 20 ? 8 * second : 160 + (2 * (second - 20))));
        }

        TransferStatus status = meter.Read();
        Assert.Equal((280 * Mebi, 1000 * Mebi, 1), (status.Bytes, status.Length, status.FileCount));
        Assert.Equal("280 MiB of 0.98 GiB, 2.00 MiB/s, 6:00 left", status.ToString());
    }

    [Fact]
    public void Without_bytes_there_is_no_rate()
    {
        TransferMeter meter = new(new Clock());
        Assert.Equal((0, 0), (meter.Read().FileCount, meter.Read().Rate));
        meter.Report(Downloaded(0));
        Assert.Equal("100 MiB of 0.98 GiB", meter.Read().ToString());
    }

    [Theory]
    [InlineData(0, "0:00 left")]
    [InlineData(59.2, "1:00 left")]
    [InlineData(3599.5, "1:00:00 left")]
    [InlineData(360_000, "100:00:00 left")]
    [InlineData(double.PositiveInfinity, "left")]
    public void Time_left_is_read_at_a_glance(double seconds, string expected) => Assert.EndsWith(expected, Amount.TimeLeft(seconds), StringComparison.Ordinal);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Files_are_shown_by_name_and_not_as_markup(bool isTerminal)
    {
        using LockedWriter error = new();
        Host host = new()
        {
            Input = () => Stream.Null, IsInputRedirected = true, Out = TextWriter.Null, IsOutTerminal = false, Error = error, IsErrorTerminal = isTerminal,
        };
        if (isTerminal)
        {
            Consoles.For(error).Profile.Capabilities.Ansi = true;
        }

        int result = PullProgressView.Run(new Screen(host, isQuiet: false), async progress =>
        {
            progress.Report(new HubProgress("[red]a.json", HubFileState.Downloading, 1, 10, 1, 20, 1));
            progress.Report(new HubProgress("b", HubFileState.Waiting, 0, 10, 1, 20, 1));
            await error.SaysAsync("another process downloads it");
            if (!isTerminal)
            {
                progress.Report(new HubProgress("[red]a.json", HubFileState.Done, 10, 10, 10, 20, 9));
            }

            await error.SaysAsync("[red]a.json");
            return 7;
        });
        Assert.Equal(7, result);
    }

    [Fact]
    public void What_goes_wrong_comes_out_as_it_is()
    {
        using StringWriter error = new();
        Host host = new()
        {
            Input = () => Stream.Null, IsInputRedirected = true, Out = TextWriter.Null, IsOutTerminal = false, Error = error, IsErrorTerminal = false,
        };
        Assert.Throws<GemmaException>(() => PullProgressView.Run<int>(new Screen(host, isQuiet: true), _ => throw new GemmaException("no")));
    }

    private static HubProgress Downloaded(long mebibytes) =>
        new("a", HubFileState.Downloading, (100 + mebibytes) * Mebi, 1000 * Mebi, (100 + mebibytes) * Mebi, 1000 * Mebi, mebibytes * Mebi);

    /// <summary>What is written by one thread and looked at by another.</summary>
    private sealed class LockedWriter : StringWriter
    {
        private readonly Lock _gate = new();

        public override void Write(char value)
        {
            lock (_gate)
            {
                base.Write(value);
            }
        }

        public override void Write(char[] buffer, int index, int count)
        {
            lock (_gate)
            {
                base.Write(buffer, index, count);
            }
        }

        public override void Write(string? value)
        {
            lock (_gate)
            {
                base.Write(value);
            }
        }

        public override string ToString()
        {
            lock (_gate)
            {
                return base.ToString();
            }
        }

        public async Task SaysAsync(string text)
        {
            for (int i = 0; i < 6000 && !ToString().Contains(text, StringComparison.Ordinal); i++)
            {
                await Task.Delay(10);
            }

            Assert.Contains(text, ToString(), StringComparison.Ordinal);
        }
    }

    private sealed class Clock : TimeProvider
    {
        public long Seconds { get; set; }

        public override long TimestampFrequency => 1;

        public override long GetTimestamp() => Seconds;
    }
}
