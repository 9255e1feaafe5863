using System.Diagnostics;
using ManagedGemma.Cli.Options;
using ManagedGemma.Cli.Tests.Support;

namespace ManagedGemma.Cli.Tests.Captions;

public sealed class CacheTests : IDisposable
{
    private readonly CaptionDirectory _directory = new();

    private string[] Entries => Directory.GetFiles(_directory["cache"], "*.safetensors", SearchOption.AllDirectories);

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void One_prompt_and_captions_share_it_and_the_bits_stay()
    {
        byte[] expected = _directory.Alone("blurry, low quality");
        Assert.Equal(expected, _directory.Alone("blurry, low quality", "--cache", _directory["cache"]));
        string[] entries = Entries;
        Assert.Equal(2, entries.Length); // Projection and context.
        Assert.Equal(expected, _directory.Alone("blurry, low quality", "--cache", _directory["cache"]));
        _directory.Write(("blurry, low quality", "n.mp4"), (" blurry, low quality ", "m.mp4"));
        Outcome outcome = _directory.Run("--cache", _directory["cache"]).Succeeds();
        Assert.Contains("2 entries found", outcome.Error, StringComparison.Ordinal);
        Assert.All(_directory.Outputs.Values, x => Assert.Equal(expected, x));
        Assert.Equal(entries.Order(), Entries.Order());
    }

    [Fact]
    public void A_damaged_entry_is_told_and_made_again()
    {
        byte[] expected = _directory.Alone("a fox", "--cache", _directory["cache"]);
        string[] entries = Entries;
        byte[][] whole = [.. entries.Select(File.ReadAllBytes)];
        for (int i = 0; i < entries.Length; i++)
        {
            byte[] bytes = [.. whole[i]];
            bytes[^5] ^= 1;
            File.WriteAllBytes(entries[i], i == 0 ? bytes : bytes[..^100]);
        }

        string path = _directory["again"];
        Outcome outcome = Tool.Run(
            "condition", "a fox", "--ltx", CaptionDirectory.Ltx, "--length", "128", "--output", path, "--cache", _directory["cache"]).Succeeds();
        Assert.Contains("2 damaged entries of the cache were made again", outcome.Error, StringComparison.Ordinal);
        Assert.Equal(expected, File.ReadAllBytes(path));
        Assert.Equal(whole, entries.Select(File.ReadAllBytes));
    }

    // Both want the same results, and there is room for some of them only.
    [Fact]
    public void Two_processes_share_one_that_is_too_small()
    {
        (string, string)[] captions = [.. Enumerable.Range(0, 30).Select(x => ($"caption number {x % 20}", $"{x}.mp4"))];
        _directory.Write(captions);
        _directory.Run("--output", _directory["expected"]).Succeeds();
        string[] shared = ["--cache", _directory["cache"], "--cache-size", "2M", "--batch-tokens", "60"];
        using Process one = Tool.Start(null, _directory.Args(["--output", _directory["one"], .. shared]));
        using Process two = Tool.Start(null, _directory.Args(["--output", _directory["two"], .. shared]));
        foreach (Process process in new[] { one, two })
        {
            process.StandardInput.Close();
            Outcome outcome = Tool.Finish(process).Succeeds();
            Assert.DoesNotContain("the cache", outcome.Error, StringComparison.Ordinal);
        }

        SortedDictionary<string, byte[]> expected = CaptionDirectory.OutputsOf(_directory["expected"]);
        Assert.Equal(expected, CaptionDirectory.OutputsOf(_directory["one"]));
        Assert.Equal(expected, CaptionDirectory.OutputsOf(_directory["two"]));

        // The one that wrote last may not have looked again since the other's last sixteenth.
        Assert.InRange(Entries.Sum(x => new FileInfo(x).Length), 1, (2 << 20) + (2 << 16));
        Assert.Empty(Directory.GetFiles(_directory["cache"], "*.tmp", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = 0 }));
    }

    [Theory]
    [InlineData("1", 1L)]
    [InlineData("500M", 500L << 20)]
    [InlineData("20g", 20L << 30)]
    [InlineData("1T", 1L << 40)]
    [InlineData("8388607T", 8388607L << 40)]
    [InlineData("8388608T", null)]
    [InlineData("0", null)]
    [InlineData("M", null)]
    [InlineData("", null)]
    [InlineData("-1G", null)]
    [InlineData("1.5G", null)]
    public void Sizes_have_a_letter_or_none(string word, long? expected) => Assert.Equal(expected, CacheOptions.Parse(word));
}
