using System.Diagnostics;
using ManagedGemma.Cli.Tests.Support;

namespace ManagedGemma.Cli.Tests.Captions;

/// <summary>Runs that go on where they were stopped.</summary>
public sealed class CaptionResumeTests : IDisposable
{
    private static readonly DateTime Old = new(2020, 1, 2, 3, 4, 5, DateTimeKind.Utc);

    private readonly CaptionDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void What_is_there_stays_and_what_is_missing_is_made()
    {
        _directory.Write(("a", "x/1.mp4"), ("b", "x/2.mp4"), ("c", "3.mp4"));
        Assert.Equal(["encoded", "encoded", "encoded"], _directory.Outcomes(0));
        SortedDictionary<string, byte[]> outputs = _directory.Outputs;
        File.Delete(PathOf("x/2"));
        DateTime date = File.GetLastWriteTimeUtc(PathOf("x/1"));
        Assert.Equal(["skipped", "encoded", "skipped"], _directory.Outcomes(0));
        Assert.Equal(outputs, _directory.Outputs);
        Assert.Equal(date, File.GetLastWriteTimeUtc(PathOf("x/1")));
        Assert.Equal(["encoded", "encoded", "encoded"], _directory.Outcomes(0, "--overwrite"));
        Assert.NotEqual(date, File.GetLastWriteTimeUtc(PathOf("x/1")));
        Assert.Equal(["skipped", "skipped", "skipped"], _directory.Outcomes(0));
    }

    [Fact]
    public void Another_captions_or_options_output_is_not_passed_off()
    {
        _directory.Write(("a", "1.mp4"), ("b", "2.mp4"));
        _directory.Outcomes(0);
        _directory.Write(("a", "1.mp4"), ("edited", "2.mp4"), ("c", "3.mp4"));
        Outcome outcome = _directory.Run();
        Assert.Equal(1, outcome.Code);
        Assert.Contains("line 2: ", outcome.Error, StringComparison.Ordinal);
        Assert.Contains("--overwrite", outcome.Error, StringComparison.Ordinal);
        Assert.Equal(["skipped", "failed", "skipped"], _directory.Outcomes(1));
        Assert.Equal(["failed", "failed", "failed"], _directory.Outcomes(1, "--precision", "fast"));
        Assert.Equal(["encoded", "encoded", "encoded"], _directory.Outcomes(0, "--overwrite"));
        Assert.Equal(["skipped", "skipped", "skipped"], _directory.Outcomes(0));
    }

    [Fact]
    public void An_output_without_a_record_stays_and_is_told()
    {
        _directory.Write(("a", "1.mp4"), ("b", "2.mp4"));
        _directory.Outcomes(0);
        File.WriteAllText(PathOf("1"), "the trainer's own");
        File.SetLastWriteTimeUtc(PathOf("2"), Old);
        string error = _directory.Run().Succeeds().Error;
        Assert.Contains("2 outputs were there without a record", error, StringComparison.Ordinal);
        Assert.Equal("the trainer's own", File.ReadAllText(PathOf("1")));
        Assert.Equal(Old, File.GetLastWriteTimeUtc(PathOf("2")));
    }

    [Fact]
    public void A_record_with_half_a_line_or_nonsense_is_read_as_far_as_it_goes()
    {
        _directory.Write(("a", "1.mp4"), ("b", "2.mp4"), ("c", "3.mp4"));
        _directory.Outcomes(0);
        string record = Assert.Single(Directory.GetFiles(_directory.Output, ".managed-gemma-captions*"));
        string[] lines = File.ReadAllLines(record);
        Assert.Equal(3, lines.Length);
        File.WriteAllText(record, $"nonsense\n[1]\n{{\"output\": 1}}\n{lines[0]}\n{lines[1][..20]}");
        File.Delete(PathOf("3"));
        Outcome outcome = _directory.Run().Succeeds();
        Assert.Contains("1 outputs were there without a record", outcome.Error, StringComparison.Ordinal);
        Assert.Equal(lines[1][..20], File.ReadAllLines(record)[4]);
        Assert.Contains("\"3.safetensors\"", File.ReadAllLines(record)[5], StringComparison.Ordinal);
    }

    [Fact]
    public void A_run_that_is_killed_leaves_whole_files_and_goes_on()
    {
        const int Count = 120;
        _directory.Write([.. Enumerable.Range(0, Count).Select(x => (new string((char)('a' + (x % 26)), 40 + (x % 50)), $"clips/{x % 7}/{x}.mp4"))]);
        _directory.Run("--output", _directory["expected"]).Succeeds();
        SortedDictionary<string, byte[]> expected = CaptionDirectory.OutputsOf(_directory["expected"]);
        int kills = 0;
        for (int round = 1; round <= 2; round++)
        {
            using Process process = Tool.Start(null, _directory.Args("--batch-tokens", "100", "--quiet"));
            Stopwatch watch = Stopwatch.StartNew();
            while (!process.HasExited && Files() < round * Count / 5)
            {
                Assert.True(watch.Elapsed < TimeSpan.FromMinutes(10), "nothing was written");
                Thread.Sleep(2);
            }

            kills += process.HasExited ? 0 : 1;
            process.Kill();
            process.WaitForExit();
            Assert.All(
                _directory.Outputs.Where(x => x.Key.EndsWith(".safetensors", StringComparison.Ordinal)), x => Assert.Equal(expected[x.Key], x.Value));
        }

        // A machine that writes a hundred files between two looks may be done before the second.
        Assert.InRange(kills, 1, 2);
        AgeTemporaryFiles();
        string[] outcomes = _directory.Outcomes(0);
        Assert.InRange(outcomes.Count(x => x == "skipped"), Count / 5, Count);
        Assert.Equal(expected, _directory.Outputs);
    }

    private int Files() => Directory.Exists(_directory.Output)
        ? Directory.GetFiles(_directory.Output, "*.safetensors", SearchOption.AllDirectories).Length
        : 0;

    private void AgeTemporaryFiles()
    {
        foreach (string path in Directory.GetFiles(
            _directory.Output, "*.tmp", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = 0 }))
        {
            File.SetLastWriteTimeUtc(path, Old);
        }
    }

    private string PathOf(string name) => Path.Combine(_directory.Output, name + ".safetensors");
}
