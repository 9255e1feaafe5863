using System.Collections.Concurrent;
using ManagedGemma.Checkpoints;

namespace ManagedGemma.Tests.Checkpoints;

public sealed class PageWalkTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void The_next_step_is_asked_for_before_one_runs_and_given_back_afterwards(bool releases)
    {
        Recorder pages = new();
        using (PageWalk walk = new(pages, releases))
        {
            walk.Ask(0);
            for (int step = 0; step < 3; step++)
            {
                walk.Enter();
                pages.Calls.Enqueue($"run {step}");
                walk.Leave();
            }
        }

        Assert.Equal(
            ["ask 0", "ask 1", "run 0", "release 0", "ask 2", "run 1", "release 1", "ask 3", "run 2", "release 2"],
            releases ? pages.Calls : pages.Calls.SelectMany(x => x.StartsWith("run", StringComparison.Ordinal) ? [x, x.Replace("run", "release", StringComparison.Ordinal)] : new[] { x }));
    }

    // The files are closed afterwards: what is under way must have ended.
    [Fact]
    public void What_was_asked_for_has_ended_before_anything_else_is()
    {
        Recorder pages = new() { Delay = TimeSpan.FromMilliseconds(100) };
        using (PageWalk walk = new(pages, releases: false))
        {
            walk.Ask(0);
            walk.Enter();
            Assert.Equal(["ask 0", "asked 0", "ask 1"], pages.Calls.Take(3));
        }

        Assert.Equal(["ask 0", "asked 0", "ask 1", "asked 1"], pages.Calls);
    }

    [Fact]
    public void Parts_are_the_whole_without_gap_or_overlap()
    {
        File.WriteAllBytes(_directory["a"], new byte[1 << 20]);
        using MappedFile file = MappedFile.Open(_directory["a"]);
        FileRange[] ranges = [new(file, 100, 1001), new(file, 900_000, 5)];
        foreach (int parts in new[] { 1, 2, 7, 49 })
        {
            WeightPages pages = WeightPages.InParts(ranges, parts);
            Assert.Equal(parts, pages.Steps.Count);
            Assert.Equal(ranges, FileRange.Merge(pages.Steps.SelectMany(x => x), gap: 0).Where(x => x.Length > 0));
            Assert.Equal(1006, pages.Steps.SelectMany(x => x).Sum(x => x.Length));
            Assert.InRange(pages.Steps.Max(step => step.Sum(x => x.Length)), 1006 / parts, (1006 / parts) + 2);
        }
    }

    [Fact]
    public void Beyond_the_last_step_there_is_nothing_to_read() => Assert.Null(new WeightPages([[]]).ReadAhead(1));

    private sealed class Recorder : IWeightPages
    {
        public ConcurrentQueue<string> Calls { get; } = [];

        public TimeSpan? Delay { get; init; }

        public Task? ReadAhead(int step)
        {
            Calls.Enqueue($"ask {step}");
            return Delay is not { } delay ? null : Task.Run(() =>
            {
                Thread.Sleep(delay);
                Calls.Enqueue($"asked {step}");
            });
        }

        public void Release(int step) => Calls.Enqueue($"release {step}");
    }
}
